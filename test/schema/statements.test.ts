import { execFileSync } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { freshDatabase } from "../setup/database.ts";
import { root } from "../tidy/source-file.ts";
import { readRunCalls } from "./row-types.ts";

interface FoundStatement {
  readonly path: string;
  readonly constant: string;
  readonly name: string;
  readonly text: string;
}

const STATEMENTS: readonly FoundStatement[] = JSON.parse(
  execFileSync(process.execPath, [join(root, "test/schema/statements.ts")], { encoding: "utf8" }),
);
const CALLS = readRunCalls();

/** By PostgreSQL's numbers of types; the processor alone takes int8 as bigint. */
const KINDS: Readonly<Record<number, string>> = {
  16: "boolean",
  17: "bytes",
  21: "number",
  23: "number",
  25: "string",
  701: "number",
  1001: "bytes[]",
  1007: "number[]",
  1184: "date",
  2950: "string",
};
const INT8 = 20;

describe.each(["relay", "processor"] as const)("of the %s", (program) => {
  const isOwn = ({ path }: { path: string }) => path.startsWith(`${program}/`);
  const statements = STATEMENTS.filter(isOwn);
  const stack = new AsyncDisposableStack();
  let client: pg.Client;

  beforeAll(async () => {
    const { url } = stack.use(await freshDatabase(program));
    client = stack.adopt(new pg.Client({ connectionString: url }), (each) => each.end());
    await client.connect();
  });
  afterAll(() => stack.disposeAsync());

  test.each(statements)("PostgreSQL knows all that $name reads and writes", async ({ text }) => {
    await expect(columnsOf(client, { text })).resolves.toBeDefined();
  });

  test("what is prepared goes on while a newer release adds columns", async () => {
    for (const { name, text } of statements) await columnsOf(client, { name, text });
    await client.query("BEGIN");
    onTestFinished(async () => void (await client.query("ROLLBACK")));
    await client.query(ADD_COLUMNS);
    for (const { name } of statements) {
      await expect(columnsOf(client, { name }), name).resolves.toBeDefined();
    }
  });

  test.each(CALLS.filter(isOwn))("rows are as $path says: $statements", async (call) => {
    const possible = statements.filter(({ path, constant }) => {
      return path === call.path && call.statements.includes(constant);
    });
    expect(possible).not.toEqual([]);
    for (const { text } of possible) {
      const fields = await columnsOf(client, { text });
      const kinds = fields.map(({ name, dataTypeID }) => {
        const int8 = program === "processor" ? "bigint" : "string";
        return [name, dataTypeID === INT8 ? int8 : KINDS[dataTypeID]];
      });
      expect(Object.fromEntries(kinds)).toMatchObject(call.columns);
    }
  });
});

test("names of statements are unique in each program", () => {
  const names = STATEMENTS.map(({ path, name }) => `${path.split("/", 1)} ${name}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("statements and rows are found at all", () => {
  expect(STATEMENTS.length).toBeGreaterThan(55);
  expect(CALLS.length).toBeGreaterThan(20);
});

/** What a newer release may do beside programs of this one. */
const ADD_COLUMNS = `
  DO $$ DECLARE each record; BEGIN
    FOR each IN SELECT oid::regclass AS name FROM pg_class
      WHERE relnamespace::regnamespace::text IN ('public', 'processor', 'pin')
        AND relkind IN ('r', 'p') AND NOT relispartition LOOP
      EXECUTE format('ALTER TABLE %s ADD COLUMN of_a_newer_release int NOT NULL DEFAULT 0',
        each.name);
    END LOOP;
  END $$`;

/**
 * Has a statement analysed, not run.
 *
 * @param of its name, to be prepared under or, without text, as which it was prepared.
 * @throws pg.DatabaseError for a column that is not there, or when what it gives has changed.
 */
function columnsOf(
  client: pg.Client,
  { name = "", text }: { readonly name?: string; readonly text?: string },
): Promise<readonly pg.FieldDef[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly pg.FieldDef[]>();
  let fields: readonly pg.FieldDef[] = [];
  const description = {
    submit(connection: Connection) {
      if (text !== undefined) connection.parse({ name, text, types: [] });
      connection.describe({ type: "S", name });
      connection.sync();
    },
    handleRowDescription(message: { readonly fields: readonly pg.FieldDef[] }) {
      fields = message.fields;
    },
    handleError: reject,
    handleReadyForQuery: () => resolve(fields),
  };
  client.query(description as unknown as pg.Submittable);
  return promise;
}

/** What pg's own queries say to PostgreSQL. */
interface Connection {
  parse(query: { readonly name: string; readonly text: string; readonly types: [] }): void;
  describe(message: { readonly type: "S"; readonly name: string }): void;
  sync(): void;
}
