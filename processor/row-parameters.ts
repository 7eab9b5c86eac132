/** One column of a batch: its PostgreSQL type, and where its values come from. */
export type Column<Row> = readonly [type: string, of: (row: Row) => unknown];

/**
 * Rows as parameters of a statement, one array per column: `unnest($1::text[], $2::uuid[], …)`. The
 * statement stays the same for one row and for hundreds.
 */
export class RowParameters<Row> {
  /** Column names, separated by commas. */
  readonly names: string;
  /** How many parameters of the statement the rows take. */
  readonly count: number;
  readonly #columns: readonly Column<Row>[];

  constructor(columns: Readonly<Record<string, Column<Row>>>) {
    this.#columns = Object.values(columns);
    this.names = Object.keys(columns).join(", ");
    this.count = this.#columns.length;
  }

  /**
   * For FROM: `unnest($1::text[], …) WITH ORDINALITY AS item(merchant_id, …, position)`.
   *
   * @param after how many parameters come before these.
   */
  from(alias: string, after = 0): string {
    const arrays = this.#columns.map(([type], index) => `$${after + index + 1}::${type}[]`);
    return `unnest(${arrays.join(", ")}) WITH ORDINALITY AS ${alias}(${this.names}, position)`;
  }

  values(rows: readonly Row[]): readonly unknown[] {
    return this.#columns.map(([, of]) => rows.map(of));
  }
}
