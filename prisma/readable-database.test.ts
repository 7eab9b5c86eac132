import pg from "pg";
import { expect, test, vi } from "vitest";
import { ReadableDatabase } from "./readable-database.ts";

class Client {
  readonly $disconnect = vi.fn(async () => undefined);
}

function databaseOf(open: () => Promise<Client>): ReadableDatabase<Client> {
  const options = {
    source: new pg.Pool(),
    before: () => undefined,
    notReached: "the database did not answer",
    connection: {},
  };
  return new ReadableDatabase(options, open);
}

test("the client is loaded at the first question, and once", async () => {
  const client = new Client();
  const open = vi.fn(async () => client);
  {
    await using database = databaseOf(open);
    expect(open).not.toHaveBeenCalled();
    const answers = [database.read(async () => 1), database.read(async () => 2)];
    expect(await Promise.all(answers)).toEqual([1, 2]);
    expect(open).toHaveBeenCalledTimes(1);
  }
  expect(client.$disconnect).toHaveBeenCalledTimes(1);
});

test("a database that nobody asked ends without a client", async () => {
  const open = vi.fn(async () => new Client());
  await databaseOf(open)[Symbol.asyncDispose]();
  expect(open).not.toHaveBeenCalled();
});

const refusal = (code: string | undefined) =>
  Object.assign(new Error("refused"), {
    name: "PrismaClientKnownRequestError",
    meta: { driverAdapterError: { cause: { originalCode: code } } },
  });

test.each([
  { title: "a lost connection", error: new Error("Connection terminated"), isTold: false },
  { title: "a database that is not there", error: refusal(undefined), isTold: false },
  { title: "a database that shuts down", error: refusal("57P01"), isTold: false },
  { title: "text that is no UUID", error: refusal("22P02"), isTold: true },
  { title: "a column that is not there", error: refusal("42703"), isTold: true },
  {
    title: "a query that Prisma has no words for",
    error: Object.assign(new Error("unknown argument"), { name: "PrismaClientValidationError" }),
    isTold: true,
  },
])("$title is told as it is: $isTold", async ({ error, isTold }) => {
  await using database = databaseOf(async () => new Client());
  const asking = database.read(() => Promise.reject(error));
  await expect(asking).rejects.toMatchObject(
    isTold ? { name: error.name } : { code: "STORE_NOT_REACHED", cause: error },
  );
});
