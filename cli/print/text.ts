import { type StyleTextOptions, styleText } from "node:util";
import stringWidth from "string-width";

/** Puts colour around text, or leaves it alone. Pad first, paint then: colour has no width. */
export type Paint = (style: Style, text: string) => string;

export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** Colours for a person at a terminal; none for a pipe or file, nor with NO_COLOR. */
export function paintFor(stream: NonNullable<StyleTextOptions["stream"]>): Paint {
  return (style, text) => styleText(style, text, { stream });
}

export const plainPaint: Paint = (_style, text) => text;

/** `"2026-03-01 14:05:09 CET"`: a moment as a person in `timeZone` reads it, the zone included. */
export function formatWhen(timeMs: number, timeZone?: string): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
  const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? "";
  const date = `${part("year")}-${part("month")}-${part("day")}`;
  const time = `${part("hour")}:${part("minute")}:${part("second")}`;
  return `${date} ${time} ${part("timeZoneName")}`;
}

/** `"2026-03-01"`, in universal time: validity of keys and certificates. */
export function formatDay(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** `"0.8 ms"`, `"12.3 ms"`, `"480 ms"`, `"1.4 s"`: three digits say enough. */
export function formatDuration(durationMs: number): string {
  if (durationMs >= 1_000) return `${(durationMs / 1_000).toFixed(1)} s`;
  return `${durationMs >= 100 ? durationMs.toFixed(0) : durationMs.toFixed(1)} ms`;
}

/** A column: its heading, and whether numbers in it line up on the right. */
export interface Column {
  readonly heading: string;
  readonly isRight?: boolean;
}

const GAP = "  ";

/** Rows in aligned columns under a dim heading, without lines around them. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint = plainPaint,
): string[] {
  const widths = columns.map(({ heading }, index) =>
    Math.max(heading.length, ...rows.map((row) => stringWidth(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ isRight }, index) => {
        const width = widths[index] ?? 0;
        const cell = cells[index] ?? "";
        const gap = " ".repeat(Math.max(0, width - stringWidth(cell)));
        return isRight === true ? `${gap}${cell}` : `${cell}${gap}`;
      })
      .join(GAP)
      .trimEnd();
  const heading = line(columns.map((column) => column.heading));
  return [paint("dim", heading), ...rows.map(line)];
}
