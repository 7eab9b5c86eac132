import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";

/** A finished span as span-file.ts writes it: one JSON object per line. */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  /** Null for the root. The parent may be missing when its program has not written it yet. */
  readonly parentSpanId: string | null;
  readonly name: string;
  /** "server", "client", "internal", "producer", "consumer" */
  readonly kind: string;
  readonly program: string;
  readonly instance: string;
  /** Unix milliseconds with microseconds as fraction. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly isError: boolean;
  /** Traces that this one goes back to: a message sent later links to its payment. */
  readonly linkedTraceIds?: readonly string[];
  /** Keys of SPAN_ATTRIBUTES (span-attributes.ts). */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** All spans of one trace, sorted by start. A line that is still being written is skipped. */
export async function readTrace(directory: string, traceId: string): Promise<SpanRecord[]> {
  const spans = await readSpans(directory, traceId);
  return spans.filter((span) => span.traceId === traceId);
}

/** Spans of other traces that go back to this one, sorted by start. */
export async function findLinked(directory: string, traceId: string): Promise<SpanRecord[]> {
  const spans = await readSpans(directory, traceId);
  return spans.filter(({ linkedTraceIds = [] }) => linkedTraceIds.includes(traceId));
}

/** Trace id of the payment whose spans carry `value`: a payment id or a record number. */
export async function findTraceId(directory: string, value: string): Promise<string | undefined> {
  const spans = await readSpans(directory, value);
  return spans.findLast((span) => Object.values(span.attributes).includes(value))?.traceId;
}

const LOOK_MS = 100;
/** Programs write their spans 200 ms after they ended; nothing new for longer than that is all. */
const QUIET_LOOKS = 4;
const LOOKS_MAX = 40;

/** The spans of a payment that has just ended, once every program has had time to write its own. */
export async function settledTrace(
  directory: string,
  traceId: string,
  clock: Clock,
): Promise<readonly SpanRecord[]> {
  let spans: readonly SpanRecord[] = [];
  let quietLooks = 0;
  for (let look = 0; look < LOOKS_MAX && quietLooks < QUIET_LOOKS; look += 1) {
    await clock.sleep(LOOK_MS);
    const found = await readTrace(directory, traceId);
    quietLooks = found.length === spans.length && found.length > 0 ? quietLooks + 1 : 0;
    spans = found;
  }
  return spans;
}

async function readSpans(directory: string, mention: string): Promise<SpanRecord[]> {
  const spans: SpanRecord[] = [];
  for (const name of await readdir(directory)) {
    if (!name.endsWith(".jsonl")) continue;
    const text = await readFile(join(directory, name), "utf8");
    for (const line of text.split("\n")) {
      const span = line.includes(mention) ? parseSpan(line) : undefined;
      if (span !== undefined) spans.push(span);
    }
  }
  return spans.sort((left, right) => left.startedAtMs - right.startedAtMs);
}

function parseSpan(line: string): SpanRecord | undefined {
  try {
    return JSON.parse(line) as SpanRecord;
  } catch {
    // The last line of a file may be half written; the next reading finds it whole.
    return undefined;
  }
}
