// npm run bench [-- --quick]
// npm run bench -- pin | techniques | single [--quick]
// npm run bench -- growth | streams | instances | overload [--quick] [--rate 300]
// npm run bench -- highest-load [--quick | --thorough] [--only LINE] [--relays 1] [--processors 1]
//
// README.md says what each of them measures, and how to read it.

import { systemClock as clock } from "../mesh/clock.ts";
import { type AskedQuestion, type QuestionName, readArguments } from "./arguments.ts";
import { machineFacts } from "./machine.ts";
import type { Question } from "./question.ts";
import { measureCost } from "./questions/cost.ts";
import { measureGrowth } from "./questions/growth.ts";
import { measureHighestLoad } from "./questions/highest-load.ts";
import { measureInstances } from "./questions/instances.ts";
import { measureOverload } from "./questions/overload.ts";
import { measurePin } from "./questions/pin.ts";
import { measureSingle } from "./questions/single.ts";
import { measureStreams } from "./questions/streams.ts";
import { measureTechniques } from "./questions/techniques.ts";
import { machineHead } from "./report/table.ts";
import { writeResult } from "./results.ts";
import { UsageError } from "./usage-error.ts";

const QUESTIONS: Readonly<Record<QuestionName, Question>> = {
  cost: measureCost,
  pin: measurePin,
  techniques: measureTechniques,
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
  if (asked.question === "highest-load") await measureHighestLoad({ ...asked, say });
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
