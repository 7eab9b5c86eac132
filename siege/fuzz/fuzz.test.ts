import { afterAll, beforeAll, expect, test } from "vitest";
import { DOORS } from "../doors.ts";
import { openArena } from "./fuzz-arena.ts";
import { type Arena, fuzz, tryKnownKillers } from "./fuzz-run.ts";

const CONNECTIONS = 1_000;
/** Another one is a good idea now and then: npm run fuzz draws its own. */
const SEED = "in npm test";

let arena: Arena & AsyncDisposable;

beforeAll(async () => {
  arena = await openArena(DOORS);
});

afterAll(async () => {
  await arena?.[Symbol.asyncDispose]();
});

test.each(DOORS.filter(({ speaks }) => speaks === "gRPC"))(
  "no segment that ended a program once does harm at $name",
  async (door) => {
    expect(await tryKnownKillers(arena, [door])).toEqual([]);
  },
);

test(`${CONNECTIONS} connections with bytes of every kind leave every program alive`, async () => {
  const finding = await fuzz({
    arena,
    doors: DOORS,
    seed: SEED,
    first: 1,
    last: CONNECTIONS,
    batch: 250,
    onBatch: () => undefined,
  });
  // To see it again: npm run fuzz -- --seed "in npm test" --case <number>
  expect(finding).toBeUndefined();
});
