import { test as anyTest } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";

/** Each has a bed of its own, and mostly waits: for the next look. */
const test = anyTest.concurrent;
const PATIENCE = { timeout: 20_000 };

/** A payment that is approved, told, and acknowledged once. */
async function pay(bed: TestBed, relay: TestRelay): Promise<void> {
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.completedAs(paymentId, PaymentState.APPROVED);
  await bed.processor.until(() => bed.processor.acknowledgements.length > 0);
}

async function marks(bed: TestBed) {
  return await bed.query("SELECT instance, position FROM acknowledgement_mark ORDER BY instance");
}

const BEHIND = `
  SELECT count(*)::int AS count FROM record_event, acknowledgement_mark
  WHERE sequence > position`;

test("what the processor has not confirmed the next run acknowledges again", async ({ expect }) => {
  await using bed = await TestBed.start();
  bed.processor.confirms = false;
  const first = await bed.startRelay();
  await bed.register(first);
  await pay(bed, first);
  await expect.poll(() => marks(bed), PATIENCE).toHaveLength(1);
  await first[Symbol.asyncDispose]();
  bed.processor.confirms = true;
  await bed.startRelay();
  await bed.processor.until(() => bed.processor.acknowledgements.length > 1);
  const [once, again] = bed.processor.acknowledgements;
  expect(again).toEqual(once);
  await expect.poll(() => bed.query(BEHIND), PATIENCE).toEqual([{ count: 0 }]);
});

test("what is confirmed is behind the mark, and not acknowledged again", async ({ expect }) => {
  await using bed = await TestBed.start();
  const first = await bed.startRelay();
  await bed.register(first);
  await pay(bed, first);
  await expect.poll(() => marks(bed), PATIENCE).toHaveLength(1);
  await expect.poll(() => bed.query(BEHIND), PATIENCE).toEqual([{ count: 0 }]);
  await first[Symbol.asyncDispose]();
  const [before] = await bed.query("SELECT at FROM acknowledgement_mark");
  await bed.startRelay();
  await expect
    .poll(() => bed.query("SELECT at FROM acknowledgement_mark"), PATIENCE)
    .not.toEqual([before]);
  expect(bed.processor.acknowledgements).toHaveLength(1);
});

test.for([
  { what: "for long", at: "at - interval '2 minutes'" },
  { what: "since before the database's clock was put back", at: "at + interval '2 hours'" },
])("another instance acknowledges for one that is away $what", async ({ at }, { expect }) => {
  await using bed = await TestBed.start();
  bed.processor.confirms = false;
  const first = await bed.startRelay({ instance: "A1" });
  await bed.register(first);
  await pay(bed, first);
  await expect.poll(() => marks(bed), PATIENCE).toHaveLength(1);
  await first[Symbol.asyncDispose]();
  bed.processor.confirms = true;
  await bed.query(`UPDATE acknowledgement_mark SET at = ${at}`);
  await bed.startRelay({ instance: "A2" });
  await bed.processor.until(() => bed.processor.acknowledgements.length > 1);
  await expect
    .poll(async () => (await marks(bed)).map(({ instance }) => instance), PATIENCE)
    .toEqual(["A2"]);
});
