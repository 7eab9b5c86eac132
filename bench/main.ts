// npm run bench [-- single | growth | streams | instances | overload] [--quick | --thorough]
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
      thorough: { type: "boolean", default: false },
      relays: { type: "string", default: "1" },
      processors: { type: "string", default: "1" },
      only: { type: "string", multiple: true },
      rate: { type: "string" },
    },
  });
  const [name] = positionals;
  const isQuick = values.quick;
  if (isQuick && values.thorough) throw new UsageError("--quick or --thorough, not both");
  if (name !== undefined) {
    if (values.thorough) throw new UsageError(`--thorough is for the ratios, not for ${name}`);
    const perSecond = values.rate === undefined ? undefined : countOf("rate", values.rate);
    await answer(name, { isQuick, perSecond });
    return;
  }
  const effort = isQuick ? "quick" : values.thorough ? "thorough" : "usual";
  await measureRatios({
    effort,
    relayCount: countOf("relays", values.relays),
    processorCount: countOf("processors", values.processors),
    lines: linesOf(effort, values.only),
    say,
  });
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new UsageError(`--${option} must be a whole number above 0, not "${text}"`);
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
  const machine = await machineFacts({ postgres: "embedded", tpcb: "" });
  const { table, facts } = await question({ ...asked, say });
  const effort = asked.isQuick ? "quick" : "usual";
  say(`\n${machineHead({ startedAt, effort, machine })}\n\n${table}\n`);
  say(writeResult(what, startedAt, { json: { startedAt, effort, machine, ...facts } }));
}
