import type { Recipients } from "../../sealing/reader-payment.ts";
import type { Till } from "./tills.ts";

/** First message to the load generator. */
export interface LoadSetup {
  /** Streams of the mesh, or one call per payment. */
  readonly protocol: "stream" | "unary";
  readonly relayAddresses: readonly string[];
  /** Folder of TLS certificates, each till has its own in it; undefined: plaintext. */
  readonly tlsDirectory: string | undefined;
  readonly trustDomain: string;
  readonly tills: readonly Till[];
  /** Open at the same time for each till. */
  readonly streamsPerTill: number;
  readonly keys: Recipients;
}

/** One run: an open loop, arrivals at random with this mean, unless it says how many to keep. */
export interface LoadPlan {
  /** New payments; repeats come on top. Of a closed loop: for how many it is prepared. */
  readonly paymentsPerSecond: number;
  /** A closed loop with so many on the way. */
  readonly onTheWay?: number;
  /** Before this much has passed nothing counts. */
  readonly warmUpMs: number;
  /** After the warm-up. */
  readonly durationMs: number;
  /** 0 to 1. */
  readonly pinShare: number;
  /** For each new payment, how many earlier ones are sent again: 0.1. */
  readonly repeatShare: number;
  readonly seed: number;
  readonly surge?: Surge;
}

/** A part of a run in which more becomes due. What is refused then is sent again, as tills do. */
export interface Surge {
  /** From the start of the run, warm-up included. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** How many times as much. */
  readonly factor: number;
  /** From a refusal to the next attempt. */
  readonly repeatAfterMs: number;
  /** How long after the last payment was sent all have to be final. */
  readonly patienceMs: number;
}

/** Payments that became due in one second of a run. */
export interface LoadSecond {
  /** Whole seconds from the start of the run. */
  readonly second: number;
  readonly due: number;
  /** Milliseconds from when they were due to their final answers, repeats and all. */
  readonly latencyMs: Quantiles;
}

export interface LoadResult {
  /** As planned, without repeats, per second. */
  readonly offeredPerSecond: number;
  /** From the first payment to the last; less than planned when a closed loop ran out of them. */
  readonly sentForMs: number;
  /** From the first payment to the last answer. */
  readonly tookMs: number;
  /** New payments answered finally, per second of the measured time. */
  readonly completedPerSecond: number;
  /** New payments answered in all, warm-up included: what the cost is divided by. */
  readonly completed: number;
  /** Of those that were to be sent in the measured time: repeats included. */
  readonly measured: number;
  /** Refused for good, or without a final answer. They count as infinitely late. */
  readonly failed: number;
  /** Refusals that were followed by another attempt. */
  readonly repeated: number;
  /** Second by second; empty without a surge. */
  readonly seconds: readonly LoadSecond[];
  /** Why, by error code, how many. */
  readonly failures: Readonly<Record<string, number>>;
  /** Milliseconds from when a payment was due to its final answer. */
  readonly latencyMs: Quantiles;
  /** Milliseconds that the generator itself was late, at the worst. */
  readonly generatorLateMs: number;
  /** CPU microseconds of the generator per completed payment. */
  readonly generatorMicros: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export type ToLoad =
  | { readonly kind: "connect"; readonly setup: LoadSetup }
  | { readonly kind: "prepare"; readonly plan: LoadPlan }
  | { readonly kind: "go" };

export type FromLoad =
  | { readonly kind: "ready" }
  | { readonly kind: "result"; readonly result: LoadResult };
