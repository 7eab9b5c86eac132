/** TPC-B once. */
export interface YardstickRun {
  /** User and system time of PostgreSQL per transaction. */
  readonly postgresMicros: number;
  /** The same of pgbench. */
  readonly clientMicros: number;
  readonly perSecond: number;
  /** 0 to 1: what others took of all cores meanwhile. */
  readonly foreignShare: number;
}

/** What is measured beside it, once: payments, or messages. */
export interface ContenderRun {
  /** User and system time of each program per payment, PostgreSQL among them. */
  readonly micros: Readonly<Record<string, number>>;
  /** The same of what sends them. */
  readonly loadMicros: number;
  readonly perSecond: number;
  /** Milliseconds to the answer. */
  readonly p50: number;
  readonly p99: number;
  readonly foreignShare: number;
  /** Why this is no measurement: what failed, what was not reached. */
  readonly faults: readonly string[];
  /** How long it was under load. */
  readonly loadMs: number;
}

/** A run between two of the yardstick: a machine that drifts does so for all three. */
export interface Round {
  readonly before: YardstickRun;
  readonly run: ContenderRun;
  readonly after: YardstickRun;
}

/** Others may take so much of all cores, in a round that counts. */
const FOREIGN_SHARE_MAX = 0.1;

/** What one round says. */
export interface RoundFigures {
  /** CPU of a transaction ÷ CPU of a payment. */
  readonly costRatio: number;
  /** The same with the load generator's CPU in the payment's. */
  readonly costRatioWithLoad: number;
  /** Payments ÷ transactions per second. */
  readonly throughputRatio: number;
  /** Microseconds of a transaction, and of a payment without its load generator. */
  readonly transactionMicros: number;
  readonly paymentMicros: number;
}

export function figuresOf({ before, run, after }: Round): RoundFigures {
  const mean = (of: (yardstick: YardstickRun) => number) => (of(before) + of(after)) / 2;
  const transactionMicros = mean((one) => one.postgresMicros + one.clientMicros);
  const paymentMicros = Object.values(run.micros).reduce((sum, micros) => sum + micros, 0);
  return {
    costRatio: transactionMicros / paymentMicros,
    costRatioWithLoad: transactionMicros / (paymentMicros + run.loadMicros),
    throughputRatio: run.perSecond / mean(({ perSecond }) => perSecond),
    transactionMicros,
    paymentMicros,
  };
}

/** Why a round does not count; nothing for one that does. */
export function reasonsAgainst({ before, run, after }: Round): readonly string[] {
  const reasons = [...run.faults];
  if (Math.min(before.perSecond, after.perSecond) === 0) reasons.push("no transaction of TPC-B");
  const foreign = Math.max(before.foreignShare, run.foreignShare, after.foreignShare);
  if (foreign > FOREIGN_SHARE_MAX) reasons.push(`foreign CPU ${(foreign * 100).toFixed(0)} %`);
  return reasons;
}
