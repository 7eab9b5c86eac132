// npm run bench [-- single | growth | streams | instances | overload] [--quick]
//
// README.md says what each of them measures, and how to read it.

import { parseArgs } from "node:util";
import { systemClock as clock } from "../mesh/clock.ts";
import { measureGrowth } from "./growth.ts";
import { measureInstances } from "./instances.ts";
import { machineFacts } from "./machine.ts";
import { measureOverload } from "./overload.ts";
import type { Question } from "./question.ts";
import { measureRatios, scenariosOf } from "./ratios.ts";
import { machineHead } from "./report/table.ts";
import { writeResult } from "./results.ts";
import { measureSingle } from "./single.ts";
import { measureStreams } from "./streams.ts";

const QUESTIONS: Readonly<Record<string, Question>> = {
  single: measureSingle,
  growth: measureGrowth,
  streams: measureStreams,
  instances: measureInstances,
  overload: measureOverload,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    relays: { type: "string", default: "1" },
    processors: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    rate: { type: "string" },
  },
});
const startedAtMs = clock.nowMs();
const say = (line: string) => console.log(line);
const [name] = positionals;
if (name === undefined) {
  await measureRatios({
    isQuick: values.quick,
    relayCount: Number(values.relays),
    processorCount: Number(values.processors),
    scenarios: scenariosOf(values.quick, values.only),
    say,
  });
} else {
  await answer(name);
}
say(`took ${Math.round((clock.nowMs() - startedAtMs) / 1_000)} s`);

async function answer(what: string): Promise<void> {
  const question = QUESTIONS[what];
  if (question === undefined) {
    throw new Error(`there is no "${what}", only ${Object.keys(QUESTIONS).join(", ")}`);
  }
  const startedAt = new Date(startedAtMs).toISOString();
  const perSecond = values.rate === undefined ? undefined : Number(values.rate);
  const machine = await machineFacts({ postgres: "embedded", tpcb: "" });
  const { table, facts } = await question({ isQuick: values.quick, perSecond, say });
  const effort = values.quick ? "quick" : "full";
  say(`\n${machineHead({ startedAt, effort, machine })}\n\n${table}\n`);
  say(writeResult(what, startedAt, { json: { startedAt, effort, machine, ...facts } }));
}
