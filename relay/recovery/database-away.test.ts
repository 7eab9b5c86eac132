import { expect, test } from "vitest";
import { LinkProxy } from "../../chaos/proxy.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { APPROVE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

/** Longer than an answer may take, and less than a payment has. */
const STALE_MS = 9_000;
const DEADLINE_MS = 25_000;
const { APPROVED, REVERSED } = PaymentState;

test("without the database what got no answer is repeated, and the sweep goes on", async () => {
  await using bed = await TestBed.start();
  const url = new URL(bed.databaseUrl);
  await using proxy = await LinkProxy.open(url.host);
  url.host = proxy.address;
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay({ databaseUrl: url.href });
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await bed.processor.until(() => bed.processor.authorizations.length >= 1);

  proxy.cut();
  bed.processor.decide = () => APPROVE;
  await bed.putForward(STALE_MS);
  await bed.processor.until(() => bed.processor.authorizations.length >= 2);
  const [first, repeat] = bed.processor.authorizations;
  expect(repeat).toMatchObject({ messageType: 201, recordNumber: first?.recordNumber });
  expect(await bed.query("SELECT state FROM record")).toEqual([{ state: "FORWARDED" }]);

  proxy.heal();
  await terminal.completedAs(paymentId, APPROVED);
  expect(await bed.query("SELECT state FROM record")).toEqual([{ state: "APPROVED" }]);

  bed.processor.decide = () => "silence";
  const next = bed.signer.sign();
  terminal.submit(next.signed);
  await terminal.recordedOf(next.paymentId);
  await bed.putForward(DEADLINE_MS);
  await terminal.completedAs(next.paymentId, REVERSED);
});
