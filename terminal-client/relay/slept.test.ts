import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { TerminalBench } from "../../test/fixtures/terminal-bench.ts";

const HOURS_MS = 2 * 3_600_000;

test("after its machine has slept a terminal calls no clock wrong that is right", async () => {
  await using bench = await TerminalBench.start();
  await bench.until(
    () => bench.terminal.isRelayConnected && bench.terminal.readerSerial !== undefined,
  );
  bench.relay.onSubmit = (submission) => submission.answered();
  // Its wall clock, the relay's and the reader's are right; its monotonic one stood still.
  bench.clock.jump(HOURS_MS);
  const { state } = await bench.reported(bench.pay());
  expect(state).toBe(PaymentState.APPROVED);
});
