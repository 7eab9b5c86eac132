import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { directoryFiles } from "../mesh/disk/durable-files.ts";
import { silentLog } from "../mesh/log.ts";
import { temporaryDirectory } from "../mesh/testing/certificates.ts";
import { DukptRegister } from "../sealing/pin/dukpt.ts";
import { TestKeys } from "../test/fixtures/keys.ts";
import { PaymentSigner } from "../test/fixtures/reader-payment.ts";
import { ReaderStore, TAKEN_IDS_MAX } from "./reader-store.ts";

const NOW_MS = 1_780_000_000_000;

test("what the reader sealed is in no file once its payment is answered", async () => {
  await using directory = await temporaryDirectory();
  await using files = await directoryFiles(directory.path);
  using keys = new TestKeys({ nowMs: NOW_MS });
  const { dukptInitialKeyId, dukptInitialKey } = keys.reader;
  const store = await ReaderStore.open({
    files,
    newRegister: () => DukptRegister.load(dukptInitialKeyId, dukptInitialKey),
    takenIdsMax: TAKEN_IDS_MAX,
    log: silentLog,
  });
  const signer = new PaymentSigner({ keys, nowMs: () => NOW_MS });
  const isOnDisk = (bytes: Uint8Array) =>
    readdirSync(directory.path).some((name) =>
      readFileSync(join(directory.path, name)).includes(bytes),
    );
  for (let count = 0; count < 5; count += 1) {
    const { paymentId, signed } = signer.sign();
    await store.keep(paymentId, signed);
    expect(isOnDisk(signed.readerPayment)).toBe(true);
    await store.drop(paymentId);
    expect(isOnDisk(signed.readerPayment)).toBe(false);
  }
});
