import { systemClock as clock } from "../../mesh/clock.ts";
import { aligned } from "../columns.ts";
import { medianOf, quantilesOf } from "../load/quantiles.ts";
import { type BenchBed, startBed } from "../measure/bench-bed.ts";
import type { Question } from "../question.ts";
import { payOnce, type TillTimes } from "./single-payment.ts";
import { readPaymentTraces, STAGES, stagesOf } from "./single-stages.ts";

/** Code that has run a few times is compiled; the first payments say nothing. */
const WARM_UP = 30;
/** Programs write their spans 200 ms after they ended. */
const SPANS_WRITTEN_MS = 1_000;
/** Payments that the meshes take in turns. */
const TURN = 10;

const MESHES: readonly { readonly name: string; readonly environment: Record<string, string> }[] = [
  { name: "as it is", environment: {} },
  { name: "without libsodium", environment: { CARDLANE_SODIUM: "off" } },
];

/** One payment at a time through reader and terminal: how long, and where the time goes. */
export const measureSingle: Question = async ({ isQuick, say }) => {
  const payments = isQuick ? 20 : 200;
  await using stack = new AsyncDisposableStack();
  const asked: Asked[] = [];
  for (const { name, environment } of MESHES) {
    say(`starting a mesh, ${name}`);
    const bed = stack.use(await startSingle(environment));
    for (let warm = 0; warm < WARM_UP; warm += 1) await payOnce(clientsOf(bed), clock);
    asked.push({ name, bed, times: [] });
  }
  for (let paid = 0; paid < payments; paid += TURN) {
    for (const { bed, times } of asked) {
      for (let one = 0; one < TURN; one += 1) times.push(await payOnce(clientsOf(bed), clock));
    }
    say(`  ${paid + TURN} of ${payments}`);
  }
  await clock.sleep(SPANS_WRITTEN_MS);
  const found = asked.map(({ name, bed, times }) => {
    const traces = readPaymentTraces(bed.benchMesh.directory.spans).slice(WARM_UP);
    return { name, times, stages: traces.map(stagesOf) };
  });
  return { table: tableOf(found), facts: { stages: STAGES.map(({ name }) => name), found } };
};

interface Asked {
  readonly name: string;
  readonly bed: BenchBed;
  readonly times: TillTimes[];
}

interface Found {
  readonly name: string;
  readonly times: readonly TillTimes[];
  /** Of each payment the milliseconds of each stage. */
  readonly stages: readonly (readonly number[])[];
}

function startSingle(environment: Readonly<Record<string, string>>): Promise<BenchBed> {
  return startBed({
    relayCount: 1,
    processorCount: 1,
    tillCount: 0,
    environment: { OTEL_TRACES_SAMPLER: "always_on", ...environment },
  });
}

function clientsOf({ benchMesh }: BenchBed) {
  return benchMesh.mesh.clients;
}

function tableOf(found: readonly Found[]): string {
  const head = ["one payment at a time, ms", ...found.map(({ name }) => name)];
  const row = (name: string, value: (one: Found) => number) => [
    name,
    ...found.map((one) => value(one).toFixed(2)),
  ];
  const whole = ({ stages }: Found) => stages.map((one) => one.reduce((sum, ms) => sum + ms, 0));
  const till = ({ times }: Found) => times.map(({ finishedMs }) => finishedMs);
  return aligned([
    head,
    row("card read to result shown, p50", (one) => quantilesOf(whole(one)).p50),
    row("  p95", (one) => quantileOf(whole(one), 0.95)),
    row("card presented to till's report, p50", (one) => quantilesOf(till(one)).p50),
    row("  p95", (one) => quantileOf(till(one), 0.95)),
    ["where the time goes, p50 of each", ...found.map(() => "")],
    ...STAGES.map(({ name }, index) =>
      row(`  ${name}`, ({ stages }) => medianOf(stages.map((one) => one[index] ?? Number.NaN))),
    ),
  ]);
}

function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
