import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  PaymentRecordSchema,
  RelayService,
  WatchPaymentsResponseSchema,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock as clock } from "../mesh/clock.ts";
import { silentLog } from "../mesh/log.ts";
import { serve } from "../mesh/server/serve.ts";
import { service } from "../mesh/service.ts";
import { Watcher } from "./watcher.ts";

/** A relay whose log has these events, and which ends a watch after two of them. */
function relay(log: readonly bigint[], asked: bigint[], fails?: ConnectError) {
  return serve({
    listen: "127.0.0.1:0",
    clock,
    log: silentLog,
    services: [
      service(RelayService, {
        async *watchPayments({ afterSequence }) {
          asked.push(afterSequence);
          if (fails !== undefined) throw fails;
          yield create(WatchPaymentsResponseSchema, {});
          for (const sequence of log.filter((one) => one > afterSequence).slice(0, 2)) {
            const payment = create(PaymentRecordSchema, { recordNumber: `R${sequence}` });
            const state = PaymentState.APPROVED;
            yield create(WatchPaymentsResponseSchema, { sequence, payment, state });
          }
        },
      }),
    ],
  });
}

async function watchUntil(watcher: Watcher, isEnough: () => boolean): Promise<void> {
  const stopping = new AbortController();
  const watching = watcher.watch(stopping.signal);
  while (!isEnough()) await clock.sleep(10);
  stopping.abort();
  await watching;
}

test("a watcher goes on at the next relay from the last event that it heard", async () => {
  const log = [3n, 7n, 8n, 12n, 20n];
  const asked: bigint[] = [];
  await using one = await relay(log, asked);
  await using two = await relay(log, asked);
  using watcher = new Watcher({ relays: [one.address, two.address], proof: undefined, clock });
  await watchUntil(watcher, () => watcher.hasHeard(20n));
  const { heard, gone, resumed } = watcher.run;
  expect(heard.map(({ sequence }) => sequence)).toEqual(log);
  expect(heard[0]).toEqual({ sequence: 3n, recordNumber: "R3", state: "APPROVED" });
  expect(asked).toEqual([0n, 7n, 12n]);
  expect({ gone, resumed }).toEqual({ gone: "", resumed: 2 });
});

test("a watcher that is told that the log is gone says so, and stops", async () => {
  const gone = new ConnectError("the log was reset", Code.FailedPrecondition);
  await using one = await relay([], [], gone);
  using watcher = new Watcher({ relays: [one.address], proof: undefined, clock });
  await watcher.watch(new AbortController().signal);
  expect(watcher.run.gone).toContain("the log was reset");
});
