/** One column of a batch: its name, PostgreSQL type and where a row's value comes from. */
export interface BatchColumn<Row> {
  readonly name: string;
  /** Type of one value: "text". */
  readonly type: string;
  readonly of: (row: Row) => unknown;
}

/**
 * Many rows as the parameters of one statement: an array for each column.
 *
 * `given` is `unnest($1::text[], $2::int[] …) AS given(record_number, currency …)`; further
 * parameters of the statement follow from `$<next>` on.
 */
export class Batch<Row> {
  readonly given: string;
  readonly names: readonly string[];
  readonly next: number;
  readonly #columns: readonly BatchColumn<Row>[];

  constructor(columns: readonly BatchColumn<Row>[]) {
    const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`);
    this.names = columns.map(({ name }) => name);
    this.given = `unnest(${arrays.join(", ")}) AS given(${this.names.join(", ")})`;
    this.next = columns.length + 1;
    this.#columns = columns;
  }

  values(rows: readonly Row[]): unknown[] {
    return this.#columns.map(({ of }) => rows.map(of));
  }
}

export function column<Row>(
  name: string,
  type: string,
  of: (row: Row) => unknown,
): BatchColumn<Row> {
  return { name, type, of };
}
