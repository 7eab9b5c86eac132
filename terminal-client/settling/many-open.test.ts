import { expect, test } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { silentLog } from "../../mesh/log.ts";
import { memoryFiles } from "../../mesh/testing/memory-files.ts";
import { newPaymentId, type PaymentId } from "../../payment/identifiers.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";
import { Journal } from "../journal/journal.ts";

const OPEN = 1_000;

/** A disk with payments that a terminal began and could not end before its power was cut. */
async function leftOpen(bench: TerminalBench) {
  const files = memoryFiles();
  const owner = bench.terminal.certificate;
  const journal = await Journal.open({
    files,
    owner,
    finishedMax: 2 * OPEN,
    log: silentLog,
  });
  const random = seededRandom("left open");
  const startedAtMs = bench.clock.nowMs();
  const ids: PaymentId[] = [];
  for (let number = 0; number < OPEN; number += 1) {
    const paymentId = newPaymentId(startedAtMs, random.bytes(10));
    ids.push(paymentId);
    await journal.write({ paymentId, request: SALE, startedAtMs, traceparent: "" });
  }
  return { files, ids };
}

test("a sale beside a thousand payments that a restart left open is not delayed", async () => {
  await using bench = await TerminalBench.start(() => ({ finishedMax: 2 * OPEN }));
  const { files, ids } = await leftOpen(bench);
  const held = Promise.withResolvers<void>();
  bench.relay.beforeCancelling = () => held.promise;
  await bench.replaceTerminal(files);
  await bench.until(() => bench.terminal.isRelayConnected && bench.relay.cancelled.length > 0);
  await bench.clock.advance(1_000);
  expect(bench.relay.cancelled.length).toBeLessThanOrEqual(4);

  // One that a till waits for does not wait in line, nor does a new one.
  const last = ids.at(-1) as PaymentId;
  const waited = bench.pay({ ...SALE, paymentId: last });
  await bench.until(() => bench.relay.cancelled.includes(last));
  bench.relay.onSubmit = (submission) => submission.answered();
  const beganAtMs = bench.clock.nowMs();
  const report = await bench.reported(bench.pay());
  expect(report).toMatchObject({ certainty: Certainty.FINAL, state: PaymentState.APPROVED });
  expect(bench.clock.nowMs() - beganAtMs).toBeLessThan(2_000);

  held.resolve();
  await bench.until(() => ids.every((id) => isFinal(bench, id)), 100);
  expect((await waited.report).certainty).toBe(Certainty.FINAL);
  // Each is asked for once; a few were asked for again while the relay held its answers.
  expect(bench.relay.cancelled.length).toBeLessThan(OPEN + 50);
});

function isFinal(bench: TerminalBench, id: PaymentId): boolean {
  return bench.terminal.reportOf(id)?.certainty === Certainty.FINAL;
}
