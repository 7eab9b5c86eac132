import { parseArgs } from "node:util";
import { EFFORTS, type EffortName, SCENARIOS } from "./measure/effort.ts";
import type { Scenario } from "./measure/scenario.ts";
import { UsageError } from "./usage-error.ts";

/** Meshes are compared at one load, which can be set. */
const AT_A_RATE = ["growth", "streams", "instances", "overload"] as const;
const WITHOUT_RATE = ["cost", "pin", "techniques", "single"] as const;
const HIGHEST_LOAD = "highest-load";

export type QuestionName = (typeof AT_A_RATE)[number] | (typeof WITHOUT_RATE)[number];

/** What the command line asks for. */
export type Asked = AskedQuestion | AskedHighestLoad;

export interface AskedQuestion {
  readonly question: QuestionName;
  readonly isQuick: boolean;
  /** Payments per second in place of the question's own. */
  readonly perSecond: number | undefined;
}

export interface AskedHighestLoad {
  readonly question: typeof HIGHEST_LOAD;
  readonly effortName: EffortName;
  /** 1 to 9 each. */
  readonly relayCount: number;
  readonly processorCount: number;
  readonly scenarios: readonly Scenario[];
}

/** @throws UsageError in words for a person, also for an option that would change nothing. */
export function readArguments(args: readonly string[]): Asked {
  const { values, positionals } = parsed(args);
  const [name = "cost", ...more] = positionals;
  if (more.length > 0) {
    throw new UsageError(`one question at a time, not ${positionals.join(", ")}`);
  }
  const { quick: isQuick, rate, ...ofHighestLoad } = values;
  if (name === HIGHEST_LOAD) {
    refuse({ rate }, `is for ${AT_A_RATE.join(", ")}: ${HIGHEST_LOAD} searches for it`);
    return askedHighestLoad(isQuick, ofHighestLoad);
  }
  const known = [...WITHOUT_RATE, ...AT_A_RATE];
  const question = known.find((one) => one === name);
  if (question === undefined) {
    throw new UsageError(`there is no "${name}", only ${HIGHEST_LOAD}, ${known.join(", ")}`);
  }
  refuse(ofHighestLoad, `is for ${HIGHEST_LOAD}, not for ${question}`);
  const hasRate = AT_A_RATE.some((one) => one === question);
  if (!hasRate) refuse({ rate }, `is for ${AT_A_RATE.join(", ")}, not for ${question}`);
  return { question, isQuick, perSecond: rate === undefined ? undefined : rateOf(rate) };
}

function askedHighestLoad(
  isQuick: boolean,
  options: {
    readonly thorough?: boolean | undefined;
    readonly relays?: string | undefined;
    readonly processors?: string | undefined;
    readonly only?: readonly string[] | undefined;
  },
): AskedHighestLoad {
  const { thorough: isThorough = false, relays = "1", processors = "1", only } = options;
  if (isQuick && isThorough) throw new UsageError("--quick or --thorough, not both");
  const effortName = isThorough ? "thorough" : isQuick ? "quick" : "usual";
  return {
    question: HIGHEST_LOAD,
    effortName,
    relayCount: instancesOf("relays", relays),
    processorCount: instancesOf("processors", processors),
    scenarios: scenariosOf(effortName, only),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        thorough: { type: "boolean" },
        relays: { type: "string" },
        processors: { type: "string" },
        only: { type: "string", multiple: true },
        rate: { type: "string" },
      },
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!(error instanceof Error && code.startsWith("ERR_PARSE_ARGS_"))) throw error;
    throw new UsageError(error.message);
  }
}

function scenariosOf(effort: EffortName, only: readonly string[] | undefined): readonly Scenario[] {
  if (only === undefined) return EFFORTS[effort].scenarios;
  const names = SCENARIOS.map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.map((name) => `\n  ${name}`).join("");
    throw new UsageError(`there is no line "${unknown}" for --only, it must be one of:${known}`);
  }
  return SCENARIOS.filter(({ name }) => only.includes(name));
}

/** @throws UsageError for the first option that was given. */
function refuse(options: Readonly<Record<string, unknown>>, why: string): void {
  const given = Object.entries(options).find(([, value]) => value !== undefined);
  if (given !== undefined) throw new UsageError(`--${given[0]} ${why}`);
}

/** A relay's id has two characters. */
function instancesOf(option: string, text: string): number {
  if (/^[1-9]$/.test(text)) return Number(text);
  throw new UsageError(`--${option} must be 1 to 9, not "${text}"`);
}

function rateOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new UsageError(`--rate must be a whole number above 0, not "${text}"`);
}
