import { printable } from "../../mesh/printable.ts";
import type { SpanRecord } from "../../mesh/tracing/span-record.ts";
import { formatDuration, type Paint, plainPaint } from "./text.ts";

const COLUMNS_DEFAULT = 100;
/** Narrower than this, bars say nothing any more. */
const BAR_COLUMNS_MIN = 12;
/** Longer names of spans are cut, so that a bar is left. */
const NAME_COLUMNS_MAX = 44;
const DURATION_COLUMNS = 8;
/** Between program, name, bar and duration. */
const GAPS = 3;
const ERROR_MARK = " ✗";
/** Deeper spans are drawn at this depth. */
const DEPTH_MAX = 12;
/** Blocks that fill one to eight eighths of a column from the left. */
const EIGHTHS = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"] as const;

/**
 * A trace as a picture: a line per span, under its parent, with its program, its bar on one common
 * time axis and its duration. A span whose parent was not written stands for itself.
 */
export function waterfallLines(
  spans: readonly SpanRecord[],
  options: { readonly columns?: number; readonly paint?: Paint } = {},
): string[] {
  const { columns = COLUMNS_DEFAULT, paint = plainPaint } = options;
  const rows = inTreeOrder(spans);
  if (rows.length === 0) return ["no spans"];
  const programColumns = Math.max(...spans.map(({ program }) => program.length));
  const nameColumns = Math.max(...rows.map((row) => nameOf(row).length));
  const markColumns = spans.some(({ isError }) => isError) ? ERROR_MARK.length : 0;
  const barColumns = columns - programColumns - nameColumns - DURATION_COLUMNS - GAPS - markColumns;
  const axis = axisOf(spans, Math.max(BAR_COLUMNS_MIN, barColumns));
  return rows.map((row) => {
    const { program, isError, durationMs } = row.span;
    const style = isError ? "red" : row.span.kind === "client" ? "cyan" : "green";
    return [
      paint("dim", program.padEnd(programColumns)),
      nameOf(row).padEnd(nameColumns),
      paint(style, barOf(row.span, axis)),
      `${formatDuration(durationMs).padStart(DURATION_COLUMNS)}${isError ? ERROR_MARK : ""}`,
    ].join(" ");
  });
}

interface Row {
  readonly span: SpanRecord;
  readonly depth: number;
}

interface Axis {
  readonly startMs: number;
  readonly columns: number;
  readonly columnsPerMs: number;
}

function inTreeOrder(spans: readonly SpanRecord[]): Row[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const byParent = Map.groupBy(spans, ({ parentSpanId }) =>
    parentSpanId !== null && known.has(parentSpanId) ? parentSpanId : null,
  );
  const rows: Row[] = [];
  const add = (parentSpanId: string | null, depth: number) => {
    const children = byParent.get(parentSpanId) ?? [];
    byParent.delete(parentSpanId);
    for (const span of children.toSorted((a, b) => a.startedAtMs - b.startedAtMs)) {
      rows.push({ span, depth });
      add(span.spanId, depth + 1);
    }
  };
  add(null, 0);
  return rows;
}

function nameOf({ span, depth }: Row): string {
  const indented = "  ".repeat(Math.min(depth, DEPTH_MAX)) + printable(span.name);
  return indented.length <= NAME_COLUMNS_MAX
    ? indented
    : `${indented.slice(0, NAME_COLUMNS_MAX - 1)}…`;
}

function axisOf(spans: readonly SpanRecord[], columns: number): Axis {
  const startMs = Math.min(...spans.map(({ startedAtMs }) => startedAtMs));
  const endMs = Math.max(...spans.map(({ startedAtMs, durationMs }) => startedAtMs + durationMs));
  // All spans at one moment: anything but a division by zero.
  return { startMs, columns, columnsPerMs: columns / (endMs - startMs || 1) };
}

/** Padded to the axis. Ends are drawn to an eighth of a column; nothing is invisible. */
function barOf(span: SpanRecord, axis: Axis): string {
  const from = (span.startedAtMs - axis.startMs) * axis.columnsPerMs;
  const before = Math.min(Math.floor(from), axis.columns - 1);
  const until = Math.min(from + span.durationMs * axis.columnsPerMs, axis.columns);
  const eighths = Math.max(1, Math.round((until - before) * 8));
  const whole = Math.floor(eighths / 8);
  const rest = EIGHTHS[(eighths % 8) - 1] ?? "";
  return (" ".repeat(before) + "█".repeat(whole) + rest).padEnd(axis.columns);
}
