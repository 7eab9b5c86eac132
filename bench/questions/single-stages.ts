import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SpanRecord } from "../../mesh/tracing/span-record.ts";

/** A part of a payment: it begins where the one before ended. */
interface Stage {
  readonly name: string;
  /** Unix milliseconds of its end. */
  readonly endOf: (trace: Trace) => number;
}

/** The spans of one payment by name; the last one of a name counts. */
type Trace = ReadonlyMap<string, SpanRecord>;

/** From the card that was read to the result that is shown, without gaps. */
export const STAGES: readonly Stage[] = [
  { name: "card read, till confirms, reader told", endOf: startOf("reader.sign") },
  { name: "reader seals, signs, stores", endOf: endOf("reader.sign") },
  { name: "terminal checks what was signed", endOf: endOf("terminal.take_card") },
  { name: "terminal stores it in its journal", endOf: startOf("terminal.submit") },
  { name: "to the relay", endOf: startOf("relay.transact") },
  { name: "relay verifies", endOf: startOf("INSERT record") },
  { name: "relay commits the record", endOf: endOf("INSERT record") },
  { name: "relay boxes it, to the processor", endOf: startOf("processor.authorize") },
  { name: "processor verifies and opens", endOf: startOf("SELECT payment") },
  { name: "processor reads, decides, signs", endOf: startOf("INSERT payment") },
  { name: "processor commits", endOf: endOf("INSERT payment") },
  { name: "to the relay, which verifies", endOf: startOf("UPDATE record") },
  { name: "relay commits the outcome", endOf: endOf("UPDATE record") },
  { name: "terminal verifies, passes on", endOf: startOf("reader.show_result") },
  { name: "reader verifies, stores, shows", endOf: endOf("reader.show_result") },
];

/** @returns milliseconds of each stage, from the card that was read. */
export function stagesOf(trace: Trace): readonly number[] {
  let before = startOf("reader.read_card")(trace);
  return STAGES.map(({ endOf: end }) => {
    const start = before;
    before = end(trace);
    return before - start;
  });
}

/** All traces of a folder of span files in which a reader has shown a result. */
export function readPaymentTraces(directory: string): readonly Trace[] {
  const spans = readdirSync(directory)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as SpanRecord)
    .sort((left, right) => left.startedAtMs - right.startedAtMs);
  const traces = [...Map.groupBy(spans, ({ traceId }) => traceId).values()];
  return traces
    .map((ofOne) => new Map(ofOne.map((span) => [span.name, span])))
    .filter((trace) => trace.has("reader.show_result"));
}

function startOf(name: string): (trace: Trace) => number {
  return (trace) => spanOf(trace, name).startedAtMs;
}

function endOf(name: string): (trace: Trace) => number {
  return (trace) => spanOf(trace, name).startedAtMs + spanOf(trace, name).durationMs;
}

function spanOf(trace: Trace, name: string): SpanRecord {
  const span = trace.get(name);
  if (span === undefined) throw new Error(`no span "${name}", only ${[...trace.keys()]}`);
  return span;
}
