import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { PaymentReportSchema } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { directoryFiles } from "../../mesh/disk/durable-files.ts";
import { silentLog } from "../../mesh/log.ts";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { PaymentSigner } from "../../test/fixtures/reader-payment.ts";
import { saleOf } from "../payment-request.ts";
import { FINISHED_MAX, Journal } from "./journal.ts";

const NOW_MS = 1_780_000_000_000;
const OWNER = { merchantId: "LAKESHOP0000001", terminalId: "TILL0001" };

test("what the reader sealed is in no file once its payment has ended", async () => {
  await using directory = await temporaryDirectory();
  await using files = await directoryFiles(directory.path);
  const journal = await Journal.open({
    files,
    owner: OWNER,
    finishedMax: FINISHED_MAX,
    log: silentLog,
  });
  using keys = new TestKeys({ nowMs: NOW_MS });
  const signer = new PaymentSigner({ keys, nowMs: () => NOW_MS });
  const isOnDisk = (text: string) =>
    readdirSync(directory.path).some((name) =>
      readFileSync(join(directory.path, name), "latin1").includes(text),
    );
  // Two at a time: the end of one leaves the other where it is.
  const payments = Array.from({ length: 10 }, () => signer.sign());
  for (const [index, { paymentId, signed }] of payments.entries()) {
    const request = saleOf(1_250n, currencyFromLetters("EUR"));
    const entry = { paymentId, request, startedAtMs: NOW_MS, traceparent: "" };
    await journal.write(entry);
    await journal.write({ ...entry, signed });
    expect(isOnDisk(inBase64(signed.readerPayment))).toBe(true);
    const before = payments[index - 1];
    if (before === undefined) continue;
    const ended = journal.find(before.paymentId);
    if (ended === undefined) throw new Error("a payment was forgotten");
    await journal.finish(ended, create(PaymentReportSchema, { paymentId: before.paymentId }));
    expect(isOnDisk(inBase64(before.signed.readerPayment))).toBe(false);
    expect(isOnDisk(inBase64(signed.readerPayment))).toBe(true);
  }
});

function inBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
