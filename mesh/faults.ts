import { StartError } from "../settings/read-config.ts";
import type { Clock } from "./clock.ts";

/**
 * Steps at which something can be made to go wrong, and what of it makes sense there. A message can
 * be lost, come twice or late; a program can die or be held up between any two things it does.
 */
export const FAULT_STEPS = {
  /** A terminal's payment has arrived at the relay. */
  "relay.request": ["lose", "duplicate", "late", "crash"],
  /** The relay has committed new records, and told nobody. */
  "relay.recorded": ["late", "crash"],
  /** A processor's answers have arrived at the relay. */
  "relay.answer": ["lose", "duplicate", "late", "crash"],
  /** The relay has committed outcomes, and told nobody. */
  "relay.completed": ["late", "crash"],
  /** Before each statement of the relay. */
  "relay.database": ["late", "crash"],
  /** A relay's box has arrived at the processor. */
  "processor.request": ["lose", "duplicate", "late", "crash"],
  /** The processor has decided, and written nothing. */
  "processor.decided": ["late", "crash"],
  /** The processor has committed payments and postings, and told nobody. */
  "processor.written": ["late", "crash"],
  /** A box of answers is about to leave the processor. */
  "processor.answer": ["lose", "duplicate", "late", "crash"],
  /** Before each statement of processor and PIN service. */
  "processor.database": ["late", "crash"],
  /** The signed bytes are in the terminal's journal, and were not submitted. */
  "terminal.signed": ["late", "crash"],
  /** The terminal has submitted them, and heard nothing. */
  "terminal.submitted": ["late", "crash"],
  /** The terminal knows the end of a payment, and it is not in the journal. */
  "terminal.settled": ["late", "crash"],
  /** The reader has raised its counter, and signed nothing with it. */
  "reader.counted": ["late", "crash"],
} as const satisfies Readonly<Record<string, readonly FaultKind[]>>;

type FaultStep = keyof typeof FAULT_STEPS;
type FaultKind = "lose" | "duplicate" | "late" | "crash";

/** Faults on demand. What does nothing costs nothing: `noFaults` is what production has. */
export interface Faults {
  /** Between two things that a program does: may take a while, or end the program. */
  at(step: FaultStep): Promise<void> | undefined;
  /** Hands a message over: not at all, twice, late, or as it should be, in this very turn. */
  deliver(step: FaultStep, handOver: () => void): void;
}

export const noFaults: Faults = {
  at: () => undefined,
  deliver: (_step, handOver) => handOver(),
};

/** What is to go wrong: `crash@relay.recorded#2`. */
interface FaultRule {
  readonly kind: FaultKind;
  readonly step: FaultStep;
  /** How late, in milliseconds; 0 for the other kinds. */
  readonly delayMs: number;
  /** From 0 to 100. */
  readonly percent: number;
  /** Only the n-th time that this process gets there, counted from 1; undefined: every time. */
  readonly time: number | undefined;
}

/** The faults that CARDLANE_FAULTS asks for; none without a plan. */
export function faultsFrom(plan: FaultPlan | undefined, clock: Clock): Faults {
  if (plan === undefined) return noFaults;
  // SIGKILL does not return: not one instruction of the program follows.
  const crash = () => void process.kill(process.pid, "SIGKILL");
  return plannedFaults(plan, clock, crash);
}

export interface FaultPlan {
  readonly seed: number;
  readonly rules: readonly FaultRule[];
}

/**
 * Reads CARDLANE_FAULTS; docs/faults.md has the form of it.
 *
 * @param text `seed=7 lose@relay.request%20 late@relay.answer=3000 crash@relay.recorded#1`
 * @throws StartError for text that is not understood.
 */
export function parseFaults(text: string): FaultPlan {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const seeds = words.filter((word) => word.startsWith("seed="));
  const seed = Number(seeds[0]?.slice("seed=".length) ?? 1);
  if (!Number.isSafeInteger(seed) || seeds.length > 1) throw notUnderstood(seeds.join(" "));
  return { seed, rules: words.filter((word) => !seeds.includes(word)).map(parseRule) };
}

/**
 * Faults that follow from `plan` alone: the same steps in the same order fail in the same way.
 *
 * @param crash ends the program so that nothing of it runs on.
 */
export function plannedFaults(
  { seed, rules }: FaultPlan,
  clock: Clock,
  crash: (step: FaultStep) => void,
): Faults {
  const chance = seededChance(seed);
  const timesAt = new Map<FaultStep, number>();
  const strikes = (step: FaultStep): readonly FaultRule[] => {
    const time = (timesAt.get(step) ?? 0) + 1;
    timesAt.set(step, time);
    return rules.filter(
      (rule) =>
        rule.step === step &&
        (rule.time === undefined || rule.time === time) &&
        chance() * 100 < rule.percent,
    );
  };
  return {
    at(step) {
      const rule = strikes(step)[0];
      if (rule?.kind === "crash") {
        crash(step);
        return never();
      }
      return rule?.kind === "late" ? clock.sleep(rule.delayMs) : undefined;
    },
    deliver(step, handOver) {
      const rule = strikes(step)[0];
      if (rule?.kind === "crash") crash(step);
      if (rule?.kind === "lose" || rule?.kind === "crash") return;
      if (rule?.kind === "late") {
        clock.timer(rule.delayMs, handOver);
        return;
      }
      handOver();
      if (rule?.kind === "duplicate") handOver();
    },
  };
}

/** What a program that has crashed waits for. Its own: a shared one would keep who waits for it. */
function never(): Promise<void> {
  return new Promise(() => undefined);
}

const RULE = new RegExp(
  [
    "^(?<kind>[a-z]+)@(?<step>[a-z.]+)",
    String.raw`(?:=(?<ms>\d{1,6}))?`,
    String.raw`(?:%(?<percent>\d{1,3}))?`,
    String.raw`(?:#(?<time>\d{1,6}))?$`,
  ].join(""),
);

function parseRule(word: string): FaultRule {
  const { kind, step, ms, percent, time } = RULE.exec(word)?.groups ?? {};
  if (!isStep(step)) throw notUnderstood(word);
  const kinds: readonly FaultKind[] = FAULT_STEPS[step];
  const known = kinds.find((one) => one === kind);
  const isDelayGiven = ms !== undefined;
  if (known === undefined || isDelayGiven !== (known === "late")) throw notUnderstood(word);
  return {
    kind: known,
    step,
    delayMs: Number(ms ?? 0),
    percent: Number(percent ?? 100),
    time: time === undefined ? undefined : Number(time),
  };
}

function isStep(name: string | undefined): name is FaultStep {
  return name !== undefined && Object.hasOwn(FAULT_STEPS, name);
}

function notUnderstood(word: string): StartError {
  const steps = Object.entries(FAULT_STEPS).map(([step, kinds]) => `${kinds.join("|")}@${step}`);
  const form = "kind@step, late@step=milliseconds, then %percent and #time if wanted";
  return new StartError(
    `CARDLANE_FAULTS: "${word}" is not understood. Expected ${form}:\n  ${steps.join("\n  ")}`,
  );
}

/** From 0 up to 1, for faults and nothing else: 32-bit states of a Weyl sequence, mixed. */
function seededChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
