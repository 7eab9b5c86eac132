import pg from "pg";
import { inject } from "vitest";
import type { DatabaseName } from "../../prisma/migrations/migration-files.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** A database of the test's own, empty but with all migrations: `await using db = …` drops it. */
export async function freshDatabase(name: DatabaseName): Promise<TestDatabase> {
  const url = await ask("POST", name);
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await ask("DELETE", new URL(url).pathname.slice(1));
    },
  };
}

/** On a connection of its own, for looking at what is really there. */
export async function queryOnce(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

async function ask(method: "POST" | "DELETE", name: string): Promise<string> {
  const response = await fetch(`${inject("databaseDesk")}/${name}`, { method });
  const answer = await response.text();
  if (!response.ok) throw new Error(answer);
  return answer;
}
