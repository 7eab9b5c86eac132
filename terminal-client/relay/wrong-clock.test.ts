import { expect, test } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { readOrRenewManifest } from "../../processor/keys/manifest-renewal.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { TerminalBench } from "../../test/fixtures/terminal-bench.ts";
import { WrongClock } from "../../test/fixtures/wrong-clock.ts";

/** How long a payment waits for what may still come. */
const READY_MS_MAX = 10_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const { APPROVED } = PaymentState;
const { FINAL } = Certainty;

/** A bench whose reader's or terminal's clock is that far ahead of the relay's. */
async function benchWith(ahead: { readonly reader?: number; readonly terminal?: number }) {
  const clocks: { reader?: WrongClock; terminal?: WrongClock } = {};
  const bench: TerminalBench = await TerminalBench.start(
    ({ clock }) => {
      clocks.terminal = new WrongClock(clock, ahead.terminal);
      return { clock: clocks.terminal };
    },
    (clock) => {
      clocks.reader = new WrongClock(clock, ahead.reader);
      return { clock: clocks.reader };
    },
  );
  return { bench, clocks };
}

async function isPaid(bench: TerminalBench): Promise<boolean> {
  const paying = bench.pay();
  const submission = await bench.relay.next();
  submission.recorded();
  submission.answered();
  const { certainty, state } = await paying.report;
  return certainty === FINAL && state === APPROVED;
}

/** Every stream that is silent says something, and what time it is. */
async function signsOfLife(bench: TerminalBench): Promise<void> {
  const overMs = bench.clock.monotonicMs() + 12_000;
  await bench.until(() => bench.clock.monotonicMs() > overMs, 500);
}

test.each([
  { ahead: { reader: -5 * MINUTE_MS }, words: "the reader's clock is 5 minutes slow" },
  { ahead: { reader: DAY_MS }, words: "the reader's clock is 24 hours fast" },
  { ahead: { terminal: -60 * MINUTE_MS }, words: "the terminal's clock is 60 minutes slow" },
  { ahead: { terminal: 365 * DAY_MS }, words: "the terminal's clock is 365 days fast" },
])("$words: no card is asked for", async ({ ahead, words }) => {
  const { bench } = await benchWith(ahead);
  await using _bench = bench;
  const { terminal } = bench;
  await bench.until(() => terminal.isRelayConnected && terminal.readerSerial !== undefined);
  const askedAtMs = bench.clock.monotonicMs();
  const paying = bench.pay();
  let refusal: unknown;
  paying.report.catch((error: unknown) => {
    refusal = error;
  });
  await bench.until(() => refusal !== undefined, 500);
  // At once: no clock comes right while a cashier waits.
  expect(bench.clock.monotonicMs() - askedAtMs).toBeLessThan(READY_MS_MAX / 2);
  expect(refusal).toMatchObject({ code: "CLOCK_WRONG", message: `${words}; set it right` });
  expect(paying.events).toEqual([]);
  expect(bench.device.display.lines).toEqual(["Welcome"]);
});

test("clocks that differ by half a minute are good enough", async () => {
  const { bench } = await benchWith({ reader: MINUTE_MS / 2, terminal: MINUTE_MS });
  await using _bench = bench;
  expect(await isPaid(bench)).toBe(true);
});

test("a reader whose clock was set right gets the manifest again that it refused", async () => {
  const { bench, clocks } = await benchWith({ reader: -5 * MINUTE_MS });
  await using _bench = bench;
  await bench.until(() => bench.terminal.readerSerial !== undefined);
  if (clocks.reader !== undefined) clocks.reader.aheadMs = 0;
  await signsOfLife(bench);
  const { certainty, fault } = await bench.pay().report;
  expect({ certainty, code: fault?.code }).toEqual({ certainty: FINAL, code: "KEY_NOT_VALID" });
  expect(await isPaid(bench)).toBe(true);
});

test("a manifest that ran out when the clock jumped is renewed at once", async () => {
  const { bench } = await benchWith({});
  await using _bench = bench;
  expect(await isPaid(bench)).toBe(true);
  bench.clock.jump(8 * DAY_MS);
  const folder = bench.keys.folder("processor");
  const { trustedRoots: roots } = bench.keys;
  readOrRenewManifest({ folder, curves, roots, nowMs: bench.clock.nowMs() });
  await signsOfLife(bench);
  expect(await isPaid(bench)).toBe(true);
});
