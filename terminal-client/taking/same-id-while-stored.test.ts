import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { DurableFiles } from "../../mesh/disk/durable-files.ts";
import { parsePaymentId } from "../../payment/identifiers.ts";
import { SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";

const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");
const sale = { ...SALE, paymentId: ID };

test("a till that comes back while its id is being stored goes on with the payment", async () => {
  const disk = Promise.withResolvers<void>();
  let isStoring = false;
  await using bench = await TerminalBench.start(({ files }) => ({
    files: onSlowDisk(files, async (name) => {
      if (!name.startsWith("payment-")) return;
      isStoring = true;
      await disk.promise;
    }),
  }));
  const before = bench.pay(sale);
  await bench.until(() => isStoring);
  let sentAway: unknown;
  before.report.catch((error: unknown) => {
    sentAway = error;
  });
  const back = bench.pay(sale);
  const untilMs = bench.clock.monotonicMs() + 1_000;
  await bench.until(() => bench.clock.monotonicMs() >= untilMs);
  disk.resolve();
  expect(sentAway).toMatchObject({ code: "TAKEN_OVER" });
  (await bench.relay.next()).answered();
  expect(await bench.reported(back)).toMatchObject({ state: PaymentState.APPROVED });
  expect(bench.relay.submissionCount).toBe(1);
});

/** The same files, whose writes wait for `before`. */
function onSlowDisk(files: DurableFiles, before: (name: string) => Promise<void>): DurableFiles {
  return {
    memory: files.memory,
    read: (name) => files.read(name),
    list: (prefix) => files.list(prefix),
    remove: (name) => files.remove(name),
    erase: (name) => files.erase(name),
    overwrite: (name, bytes) => files.overwrite(name, bytes),
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    async write(name, bytes) {
      await before(name);
      await files.write(name, bytes);
    },
  };
}
