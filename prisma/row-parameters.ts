import { binaryArray, type ElementType, type ElementValue } from "./binary-array.ts";

/** One column of a batch: its PostgreSQL type, and where its values come from. */
export type Column<Row> = { readonly [Type in ElementType]: ColumnOf<Row, Type> }[ElementType];

type ColumnOf<Row, Type extends ElementType> = readonly [
  type: Type,
  of: (row: Row) => ElementValue[Type] | null | undefined,
];

/**
 * Rows as parameters of a statement, one array per column: `unnest($1::text[], $2::uuid[], …)`. The
 * statement stays the same for one row and for hundreds.
 */
export class RowParameters<Row> {
  readonly columns: readonly string[];
  /** Column names, separated by commas. */
  readonly names: string;
  /** How many parameters of the statement the rows take. */
  readonly count: number;
  /** Number of the first parameter after them. */
  readonly next: number;
  readonly #sources: readonly Column<Row>[];

  constructor(columns: Readonly<Record<string, Column<Row>>>) {
    this.columns = Object.keys(columns);
    this.names = this.columns.join(", ");
    this.#sources = Object.values(columns);
    this.count = this.#sources.length;
    this.next = this.count + 1;
  }

  /**
   * For FROM: `unnest($1::text[], …) AS given(merchant_id, …)`.
   *
   * @param after how many parameters come before these.
   */
  from(alias: string, after = 0): string {
    return `${this.#arrays(after)} AS ${alias}(${this.names})`;
  }

  /** The same with each row's number, from 1: `… AS item(merchant_id, …, position)`. */
  numbered(alias: string): string {
    return `${this.#arrays(0)} WITH ORDINALITY AS ${alias}(${this.names}, position)`;
  }

  /** One array for each column. @throws TypeError when a value does not fit its column's type. */
  values(rows: readonly Row[]): readonly Buffer[] {
    return this.#sources.map((column) => arrayOf(column, rows));
  }

  #arrays(after: number): string {
    const arrays = this.#sources.map(([type], index) => `$${after + index + 1}::${type}[]`);
    return `unnest(${arrays.join(", ")})`;
  }
}

function arrayOf<Row, Type extends ElementType>(
  [type, of]: ColumnOf<Row, Type>,
  rows: readonly Row[],
): Buffer {
  return binaryArray(type, rows.map(of));
}
