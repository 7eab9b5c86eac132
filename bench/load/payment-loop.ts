import {
  Certainty,
  NextStep,
  type PaymentFault,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { TransactResponse } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { dueGapMs } from "./due-gap.ts";
import { LatencySeconds } from "./latency-seconds.ts";
import type { LoadPlan, LoadResult } from "./load-messages.ts";
import { quantilesOf } from "./quantiles.ts";
import type { ReadyPayment } from "./reader-payments.ts";
import { seededUniform } from "./seeded-uniform.ts";

/** What is not answered so long after the last one was sent is not answered. */
const PATIENCE_MS = 5_000;
/** Between two looks at what is due. */
const TICK_MS = 1;

interface PaymentLoopOptions extends Pick<Surroundings, "clock"> {
  readonly plan: LoadPlan;
  /** As many as `paymentCountOf(plan)` (due-gap.ts) says; a closed loop may leave some. */
  readonly payments: readonly ReadyPayment[];
  readonly submit: (payment: ReadyPayment) => boolean;
}

/**
 * Open, it sends payments when they are due, however late the answers of others are, and measures
 * from when they were due: a system that falls behind cannot hide it. Closed, it keeps a number of
 * them on the way, and each answer lets the next one go: what the system can do at most.
 */
export class PaymentLoop {
  readonly #options: PaymentLoopOptions;
  readonly #uniform: () => number;
  readonly #open = new Map<string, Sent>();
  /** Refused, and waiting for another attempt. */
  readonly #toRepeat = new Set<Sent>();
  /** New payments that are final, to be repeated. */
  readonly #finished: ReadyPayment[] = [];
  readonly #latenciesMs: number[] = [];
  readonly #bySecond = new LatencySeconds();
  readonly #failures: Record<string, number> = {};
  #sent = 0;
  #completed = 0;
  #completedInTime = 0;
  #startMs = 0;
  #lateMs = 0;
  #repeated = 0;
  #isAllSent = false;
  #sentForMs = 0;
  #tookMs = 0;
  /** Of a closed loop, after an approval. A refusal lets nobody go: it might be all there is. */
  #sendAfterAnswer = (): void => undefined;
  readonly #allAnswered = Promise.withResolvers<void>();

  constructor(options: PaymentLoopOptions) {
    this.#options = options;
    this.#uniform = seededUniform(options.plan.seed);
  }

  async run(): Promise<LoadResult> {
    const { clock, plan } = this.#options;
    const cpuBefore = process.cpuUsage();
    this.#startMs = clock.monotonicMs();
    await (plan.onTheWay === undefined ? this.#sendWhenDue() : this.#keepOnTheWay(plan.onTheWay));
    this.#sentForMs = clock.monotonicMs() - this.#startMs;
    this.#isAllSent = true;
    if (this.#open.size + this.#toRepeat.size > 0) {
      const patienceMs = plan.surge?.patienceMs ?? PATIENCE_MS;
      await Promise.race([this.#allAnswered.promise, clock.sleep(patienceMs)]);
    }
    for (const sent of [...this.#open.values(), ...this.#toRepeat]) this.#fail(sent, "NO_ANSWER");
    this.#tookMs = clock.monotonicMs() - this.#startMs;
    return this.#result(process.cpuUsage(cpuBefore));
  }

  async #sendWhenDue(): Promise<void> {
    const { clock, payments, plan } = this.#options;
    let dueMs = this.#startMs;
    while (this.#sent < payments.length) {
      const nowMs = clock.monotonicMs();
      while (dueMs <= nowMs && this.#sent < payments.length) {
        this.#sendNext(dueMs);
        this.#lateMs = Math.max(this.#lateMs, nowMs - dueMs);
        dueMs += dueGapMs(plan, dueMs - this.#startMs, this.#uniform());
      }
      await clock.sleep(TICK_MS);
    }
  }

  /** Until the time is over, or there are no more payments. */
  async #keepOnTheWay(count: number): Promise<void> {
    const { clock, plan } = this.#options;
    const isOver = Promise.withResolvers<void>();
    this.#sendAfterAnswer = () => {
      if (this.#sent === this.#options.payments.length) isOver.resolve();
      else this.#sendNext(clock.monotonicMs());
    };
    for (let sent = 0; sent < count; sent += 1) this.#sendAfterAnswer();
    using _ = clock.timer(plan.warmUpMs + plan.durationMs, isOver.resolve);
    await isOver.promise;
    this.#sendAfterAnswer = () => undefined;
  }

  receive(frame: TransactResponse["frame"]): void {
    if (frame.case === "recorded" || frame.value === undefined) return;
    if (!("paymentId" in frame.value)) return;
    const key = keyOf(frame.value.paymentId);
    const sent = this.#open.get(key);
    if (sent === undefined) return;
    if (frame.case === "completed" && frame.value.certainty !== Certainty.FINAL) return;
    this.#open.delete(key);
    if (frame.case === "completed" && frame.value.nextStep === NextStep.NONE) this.#finish(sent);
    else this.#refused(sent, frame.value.fault);
    if (this.#isAllSent && this.#open.size + this.#toRepeat.size === 0) this.#allAnswered.resolve();
  }

  #refused(sent: Sent, fault: PaymentFault | undefined): void {
    const { surge } = this.#options.plan;
    if (surge === undefined || fault?.nextStep !== NextStep.RETRY_SAME_ID) {
      this.#fail(sent, fault?.code ?? "NOT_APPROVED");
      return;
    }
    this.#repeated += 1;
    this.#toRepeat.add(sent);
    this.#options.clock.timer(surge.repeatAfterMs, () => {
      // Gone when the run is over.
      if (this.#toRepeat.delete(sent)) this.#send(sent);
    });
  }

  #sendNext(dueMs: number): void {
    const { payments, plan } = this.#options;
    const payment = payments[this.#sent];
    if (payment === undefined) throw new Error("bug: there is another payment");
    this.#sent += 1;
    this.#send({ payment, dueMs, isRepeat: false });
    if (this.#uniform() >= plan.repeatShare) return;
    const earlier = this.#finished[Math.floor(this.#uniform() * this.#finished.length)];
    if (earlier !== undefined) this.#send({ payment: earlier, dueMs, isRepeat: true });
  }

  #send(sent: Sent): void {
    const key = keyOf(sent.payment.paymentId);
    if (this.#open.has(key)) return; // A repeat that is being repeated.
    this.#open.set(key, sent);
    if (this.#options.submit(sent.payment)) return;
    this.#open.delete(key);
    this.#fail(sent, "NO_STREAM");
  }

  #finish(sent: Sent): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (!sent.isRepeat) {
      this.#completed += 1;
      this.#finished.push(sent.payment);
    }
    this.#answered(sent, nowMs - sent.dueMs);
    if (this.#isMeasured(sent) && !sent.isRepeat) this.#completedInTime += 1;
    this.#sendAfterAnswer();
  }

  #fail(sent: Sent, why: string): void {
    this.#failures[why] = (this.#failures[why] ?? 0) + 1;
    this.#answered(sent, Number.POSITIVE_INFINITY);
  }

  #answered(sent: Sent, latencyMs: number): void {
    if (this.#options.plan.surge !== undefined) {
      this.#bySecond.add(sent.dueMs - this.#startMs, latencyMs);
    }
    if (this.#isMeasured(sent)) this.#latenciesMs.push(latencyMs);
  }

  #isMeasured({ dueMs }: Sent): boolean {
    return dueMs >= this.#startMs + this.#options.plan.warmUpMs;
  }

  #result(cpu: NodeJS.CpuUsage): LoadResult {
    const { plan } = this.#options;
    const failed = Object.values(this.#failures).reduce((sum, count) => sum + count, 0);
    const isClosed = plan.onTheWay !== undefined;
    const measuredMs = isClosed ? this.#sentForMs - plan.warmUpMs : plan.durationMs;
    return {
      offeredPerSecond: plan.paymentsPerSecond,
      completedPerSecond: (this.#completedInTime * 1_000) / measuredMs,
      sentForMs: this.#sentForMs,
      tookMs: this.#tookMs,
      completed: this.#completed,
      measured: this.#latenciesMs.length,
      failed,
      failures: this.#failures,
      repeated: this.#repeated,
      seconds: this.#bySecond.all(),
      latencyMs: quantilesOf(this.#latenciesMs),
      generatorLateMs: this.#lateMs,
      generatorMicros: (cpu.user + cpu.system) / Math.max(1, this.#completed),
    };
  }
}

interface Sent {
  readonly payment: ReadyPayment;
  /** When it was to be sent, monotonic. */
  readonly dueMs: number;
  readonly isRepeat: boolean;
}

function keyOf(paymentId: Uint8Array): string {
  return Buffer.from(paymentId.buffer, paymentId.byteOffset, paymentId.length).toString("latin1");
}
