// npm run bench [-- --quick | --thorough] [--only LINE] [--relays 1] [--processors 1]
// npm run bench -- single | growth | streams | instances | overload [--quick] [--rate 300]
//
// README.md says what each of them measures, and how to read it.

import { parseArgs } from "node:util";
import { systemClock as clock } from "../mesh/clock.ts";
import { measureGrowth } from "./growth.ts";
import { measureInstances } from "./instances.ts";
import { machineFacts } from "./machine.ts";
import { measureOverload } from "./overload.ts";
import type { Question } from "./question.ts";
import { linesOf, measureRatios } from "./ratios.ts";
import { machineHead } from "./report/table.ts";
import { writeResult } from "./results.ts";
import { measureSingle } from "./single.ts";
import { measureStreams } from "./streams.ts";
import { UsageError } from "./usage-error.ts";

const QUESTIONS: Readonly<Record<string, Question>> = {
  single: measureSingle,
  growth: measureGrowth,
  streams: measureStreams,
  instances: measureInstances,
  overload: measureOverload,
};

/** Questions at one rate. */
const RATED = Object.keys(QUESTIONS).filter((name) => name !== "single");

const startedAtMs = clock.nowMs();
const say = (line: string) => console.log(line);
try {
  await measure();
  say(`took ${Math.round((clock.nowMs() - startedAtMs) / 1_000)} s`);
} catch (error) {
  if (!isWrongInput(error)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
}

async function measure(): Promise<void> {
  const { values, positionals } = parseArgs({
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
  const [name, ...more] = positionals;
  if (more.length > 0)
    throw new UsageError(`one question at a time, not ${positionals.join(", ")}`);
  const { quick: isQuick, rate, ...ofRatios } = values;
  if (name !== undefined) {
    refuse(ofRatios, `is for the ratios, not for ${name}`);
    if (name === "single") refuse({ rate }, "is not for single: it pays one at a time");
    await answer(name, { isQuick, perSecond: rate === undefined ? undefined : rateOf(rate) });
    return;
  }
  refuse({ rate }, `is for ${RATED.join(", ")}: the ratios search for it`);
  const { thorough: isThorough = false, relays = "1", processors = "1", only } = ofRatios;
  if (isQuick && isThorough) throw new UsageError("--quick or --thorough, not both");
  const effortName = isThorough ? "thorough" : isQuick ? "quick" : "usual";
  await measureRatios({
    effortName,
    relayCount: instancesOf("relays", relays),
    processorCount: instancesOf("processors", processors),
    lines: linesOf(effortName, only),
    say,
  });
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

/** Ours, and what parseArgs says of options that there are not. */
function isWrongInput(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return error instanceof UsageError || code.startsWith("ERR_PARSE_ARGS_");
}

async function answer(
  what: string,
  asked: { readonly isQuick: boolean; readonly perSecond: number | undefined },
): Promise<void> {
  const question = QUESTIONS[what];
  if (question === undefined) {
    throw new UsageError(`there is no "${what}", only ${Object.keys(QUESTIONS).join(", ")}`);
  }
  const startedAt = new Date(startedAtMs).toISOString();
  const machine = await machineFacts("");
  const { table, facts } = await question({ ...asked, say });
  const effort = asked.isQuick ? "quick" : "usual";
  say(`\n${machineHead({ startedAt, effort, machine })}\n\n${table}\n`);
  say(writeResult(what, startedAt, { json: { startedAt, effort, machine, ...facts } }));
}
