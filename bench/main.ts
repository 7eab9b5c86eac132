// npm run bench [-- --quick | --thorough] [--only LINE] [--relays 1] [--processors 1]
// npm run bench -- single | growth | streams | instances | overload [--quick] [--rate 300]
//
// README.md says what each of them measures, and how to read it.

import { systemClock as clock } from "../mesh/clock.ts";
import { type AskedQuestion, type QuestionName, readArguments } from "./arguments.ts";
import { machineFacts } from "./machine.ts";
import type { Question } from "./question.ts";
import { measureGrowth } from "./questions/growth.ts";
import { measureInstances } from "./questions/instances.ts";
import { measureOverload } from "./questions/overload.ts";
import { measureRatios } from "./questions/ratios.ts";
import { measureSingle } from "./questions/single.ts";
import { measureStreams } from "./questions/streams.ts";
import { machineHead } from "./report/table.ts";
import { writeResult } from "./results.ts";
import { UsageError } from "./usage-error.ts";

const QUESTIONS: Readonly<Record<QuestionName, Question>> = {
  single: measureSingle,
  growth: measureGrowth,
  streams: measureStreams,
  instances: measureInstances,
  overload: measureOverload,
};

const startedAtMs = clock.nowMs();
const begunMs = clock.monotonicMs();
const say = (line: string) => console.log(line);
try {
  const asked = readArguments(process.argv.slice(2));
  if (asked.question === undefined) await measureRatios({ ...asked, say });
  else await answer(asked);
  say(`took ${Math.round((clock.monotonicMs() - begunMs) / 1_000)} s`);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
}

async function answer({ question, isQuick, perSecond }: AskedQuestion): Promise<void> {
  const startedAt = new Date(startedAtMs).toISOString();
  const machine = await machineFacts();
  const { table, facts } = await QUESTIONS[question]({ isQuick, perSecond, say });
  const effort = isQuick ? "quick" : "usual";
  say(`\n${machineHead({ startedAt, effort, machine })}\n\n${table}\n`);
  say(writeResult(question, startedAt, { json: { startedAt, effort, machine, ...facts } }));
}
