// The load generator, a process of its own: it plays the tills, and is not what is measured.

import { Worker } from "node:worker_threads";
import { systemClock as clock } from "../../mesh/clock.ts";
import { paymentCountOf } from "./due-gap.ts";
import type { FromLoad, LoadPlan, LoadSetup, ToLoad } from "./load-messages.ts";
import { PaymentLoop } from "./payment-loop.ts";
import type { PaymentOrder } from "./payment-worker.ts";
import type { ReadyPayment } from "./reader-payments.ts";
import { TillStreams } from "./till-streams.ts";
import { UnaryCalls } from "./unary-calls.ts";

let loop: PaymentLoop | undefined;
let tills: TillStreams | UnaryCalls | undefined;
let signer: Worker | undefined;

process.on("message", (message: ToLoad) => void handle(message));
process.on("disconnect", () => process.exit());

async function handle(message: ToLoad): Promise<void> {
  switch (message.kind) {
    case "connect":
      await connect(message.setup);
      say({ kind: "ready" });
      return;
    case "prepare":
      loop = await prepare(message.plan);
      say({ kind: "ready" });
      return;
    case "go":
      if (loop === undefined) throw new Error("bug: nothing is prepared");
      say({ kind: "result", result: await loop.run() });
  }
}

async function connect(setup: LoadSetup): Promise<void> {
  signer = new Worker(new URL("payment-worker.ts", import.meta.url), {
    workerData: { tills: setup.tills, keys: setup.keys },
  });
  const protocol = setup.protocol === "stream" ? TillStreams : UnaryCalls;
  tills = await protocol.open(setup, (frame) => loop?.receive(frame));
}

async function prepare(plan: LoadPlan): Promise<PaymentLoop> {
  const payments = await sign({ count: paymentCountOf(plan), pinShare: plan.pinShare });
  const submit = (payment: ReadyPayment) => tills?.submit(payment) === true;
  return new PaymentLoop({ plan, payments, submit, clock });
}

function sign(order: PaymentOrder): Promise<readonly ReadyPayment[]> {
  const { promise, resolve } = Promise.withResolvers<readonly ReadyPayment[]>();
  const payments: ReadyPayment[] = [];
  const take = (batch: readonly ReadyPayment[]) => {
    payments.push(...batch);
    if (payments.length < order.count) return;
    signer?.off("message", take);
    resolve(payments);
  };
  signer?.on("message", take);
  signer?.postMessage(order);
  return promise;
}

function say(message: FromLoad): void {
  process.send?.(message);
}
