import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { APPROVE } from "../../test/fixtures/fake-processor.ts";
import { eventually } from "../../test/fixtures/notification-bed.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";
import { WrongClock } from "../../test/fixtures/wrong-clock.ts";

const DEADLINE_MS = 25_000;
const HOUR_MS = 3_600_000;

test.each([
  { whose: "a relay's clock two hours ahead", clock: 2 * HOUR_MS, database: 0 },
  { whose: "a relay's clock a year behind", clock: -8_760 * HOUR_MS, database: 0 },
  { whose: "the database's clock two hours ahead", clock: 0, database: 2 * HOUR_MS },
  { whose: "the database's clock a minute ahead", clock: 0, database: 60_000 },
  { whose: "the database's clock half an hour behind", clock: 0, database: -HOUR_MS / 2 },
])("with $whose, put right later, nothing waits", async ({ clock, database }) => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const wrong = new WrongClock(bed.clock, clock);
  await bed.putDatabaseForward(database);
  const relay = await bed.startRelay({ clock: wrong });
  await bed.register(relay);
  const terminal = relay.openTerminal();
  // What a reader says of the time is compared with the relay's, which is the database's.
  const readerTimeMs = BigInt(bed.clock.nowMs() + database);
  const submitBeforeMs = readerTimeMs + 120_000n;
  const { signed, paymentId } = bed.signer.sign({ context: { readerTimeMs, submitBeforeMs } });
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  wrong.aheadMs = 0;
  await bed.putDatabaseForward(-database);
  await bed.processor.until(() => bed.processor.authorizations.length === 1);
  expect(bed.processor.authorizations[0]?.timeLeftMs).toBeLessThanOrEqual(DEADLINE_MS);
  bed.clock.putForward(DEADLINE_MS);
  await terminal.completedAs(paymentId, PaymentState.REVERSED);
});

test("a relay that starts when the database's clock was put back is not late", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  await bed.putDatabaseForward(2 * HOUR_MS);
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const readerTimeMs = BigInt(bed.clock.nowMs() + 2 * HOUR_MS);
  const submitBeforeMs = readerTimeMs + 120_000n;
  const { signed, paymentId } = bed.signer.sign({ context: { readerTimeMs, submitBeforeMs } });
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await relay[Symbol.asyncDispose]();

  await bed.putDatabaseForward(-2 * HOUR_MS);
  bed.processor.decide = () => APPROVE;
  await bed.startRelay();
  await bed.processor.until(() => bed.processor.reversals.length > 0);
  expect(bed.processor.authorizations.length).toBeLessThanOrEqual(1);
  await eventually(async () => {
    const rows = await bed.query("SELECT state FROM record");
    return rows[0]?.state === "REVERSED" ? undefined : rows;
  });
});

test("a machine that slept for hours repeats nothing that is due meanwhile", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await bed.processor.until(() => bed.processor.authorizations.length === 1);
  // Its own clock has stood still, but for what it takes until an answer is missed.
  await bed.putDatabaseForward(2 * HOUR_MS);
  bed.clock.putForward(DEADLINE_MS / 2);
  await terminal.completedAs(paymentId, PaymentState.REVERSED);
  expect(bed.processor.authorizations).toHaveLength(1);
});
