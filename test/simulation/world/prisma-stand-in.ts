import type pg from "pg";
import type { PrismaClient as ProcessorPrisma } from "../../../prisma/processor/client/client.ts";
import type { PrismaClient } from "../../../prisma/relay/client/client.ts";
import { getTypeParser } from "../../../processor/database.ts";

type Query = (config: pg.QueryConfig) => Promise<pg.QueryResult>;
type Where = Readonly<Record<string, unknown>>;

/**
 * The reading queries that a payment leads to, of those that the relay leaves to Prisma, as plain
 * statements: so that they take part in the simulated database's time and trouble.
 */
export function prismaStandIn(query: Query): PrismaClient {
  const model = (table: string) => ({
    findUnique: async ({ where }: { where: Where }) => (await find(query, table, where))[0] ?? null,
    findMany: ({ where, orderBy = {} }: { where: Where; orderBy?: object }) =>
      find(query, table, where, Object.keys(orderBy)),
  });
  return {
    record: model("record"),
    recordEvent: model("record_event"),
    $disconnect: async () => undefined,
  } as unknown as PrismaClient;
}

/** No payment leads to a query that the processor leaves to Prisma. */
export function noPrisma(): ProcessorPrisma {
  return { $disconnect: async () => undefined } as unknown as ProcessorPrisma;
}

async function find(
  query: Query,
  table: string,
  where: Where,
  order: readonly string[] = [],
): Promise<readonly object[]> {
  const conditions = Object.entries(where).flatMap(flattened);
  const text = conditions.map(([column], index) => `${column}::text = ANY ($${index + 1})`);
  const { rows } = await query({
    name: `simulation.${table}.${conditions.map(([column]) => column).join()}`,
    text: `SELECT * FROM ${table} WHERE ${text.join(" AND ")}
      ${order.length === 0 ? "" : `ORDER BY ${order.map(inSnakeCase).join()}`}`,
    values: conditions.map(([, values]) => values),
    types: { getTypeParser },
  });
  return rows.map(inCamelCase);
}

/** `{ merchantId_paymentId: { … } }` is what Prisma calls a key of two columns. */
function flattened([name, value]: [string, unknown]): [column: string, values: unknown[]][] {
  if (typeof value !== "object" || value === null) return [[inSnakeCase(name), [value]]];
  if ("in" in value) return [[inSnakeCase(name), value.in as unknown[]]];
  return Object.entries(value).flatMap(flattened);
}

function inSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function inCamelCase(row: object): object {
  const renamed = Object.entries(row).map(([column, value]) => [
    column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(renamed);
}
