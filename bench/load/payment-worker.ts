// Signs payments in a thread of its own, and hands them over in batches.

import { parentPort, workerData } from "node:worker_threads";
import type { Recipients } from "../../sealing/reader-payment.ts";
import { ReaderPayments, type ReadyPayment } from "./reader-payments.ts";
import type { Till } from "./tills.ts";

interface PaymentWorkerData {
  readonly tills: readonly Till[];
  readonly keys: Recipients;
}

export interface PaymentOrder {
  readonly count: number;
  /** 0 to 1, spread evenly. */
  readonly pinShare: number;
}

const BATCH_MAX = 1_000;

const { tills, keys } = workerData as PaymentWorkerData;
const payments = new ReaderPayments(tills, keys);

parentPort?.on("message", ({ count, pinShare }: PaymentOrder) => {
  let batch: ReadyPayment[] = [];
  for (let made = 1; made <= count; made += 1) {
    const hasPin = Math.floor(made * pinShare) > Math.floor((made - 1) * pinShare);
    batch.push(payments.next(hasPin));
    if (batch.length < BATCH_MAX && made < count) continue;
    parentPort?.postMessage(batch);
    batch = [];
  }
});
