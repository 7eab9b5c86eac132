import { type Paint, plainPaint } from "./text.ts";

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
    Math.max(heading.length, ...rows.map((row) => (row[index] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ isRight }, index) => {
        const width = widths[index] ?? 0;
        const cell = cells[index] ?? "";
        return isRight === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(GAP)
      .trimEnd();
  const heading = line(columns.map((column) => column.heading));
  return [paint("dim", heading), ...rows.map(line)];
}
