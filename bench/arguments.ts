import { parseArgs } from "node:util";
import { ALL_LINES, EFFORTS, type EffortName, type Lines } from "./measure/effort.ts";
import { UsageError } from "./usage-error.ts";

const QUESTION_NAMES = ["single", "growth", "streams", "instances", "overload"] as const;

export type QuestionName = (typeof QUESTION_NAMES)[number];

/** What the command line asks for. */
export type Asked = AskedQuestion | AskedRatios;

export interface AskedQuestion {
  readonly question: QuestionName;
  readonly isQuick: boolean;
  /** Payments per second in place of the question's own. */
  readonly perSecond: number | undefined;
}

export interface AskedRatios {
  readonly question: undefined;
  readonly effortName: EffortName;
  /** 1 to 9 each. */
  readonly relayCount: number;
  readonly processorCount: number;
  readonly lines: Lines;
}

/** @throws UsageError in words for a person, also for an option that would change nothing. */
export function readArguments(args: readonly string[]): Asked {
  const { values, positionals } = parsed(args);
  const [name, ...more] = positionals;
  if (more.length > 0) {
    throw new UsageError(`one question at a time, not ${positionals.join(", ")}`);
  }
  const { quick: isQuick, rate, ...ofRatios } = values;
  if (name !== undefined) {
    const question = QUESTION_NAMES.find((known) => known === name);
    if (question === undefined) {
      throw new UsageError(`there is no "${name}", only ${QUESTION_NAMES.join(", ")}`);
    }
    refuse(ofRatios, `is for the ratios, not for ${question}`);
    if (question === "single") refuse({ rate }, "is not for single: it pays one at a time");
    return { question, isQuick, perSecond: rate === undefined ? undefined : rateOf(rate) };
  }
  refuse({ rate }, "is for growth, streams, instances and overload: the ratios search for it");
  const { thorough: isThorough = false, relays = "1", processors = "1", only } = ofRatios;
  if (isQuick && isThorough) throw new UsageError("--quick or --thorough, not both");
  const effortName = isThorough ? "thorough" : isQuick ? "quick" : "usual";
  return {
    question: undefined,
    effortName,
    relayCount: instancesOf("relays", relays),
    processorCount: instancesOf("processors", processors),
    lines: linesOf(effortName, only),
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

function linesOf(effort: EffortName, only: readonly string[] | undefined): Lines {
  if (only === undefined) return EFFORTS[effort].lines;
  const { scenarios, techniques } = ALL_LINES;
  const names = [...scenarios, ...techniques].map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.map((name) => `\n  ${name}`).join("");
    throw new UsageError(`there is no line "${unknown}" for --only, it must be one of:${known}`);
  }
  const isAsked = ({ name }: { readonly name: string }) => only.includes(name);
  return { scenarios: scenarios.filter(isAsked), techniques: techniques.filter(isAsked) };
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
