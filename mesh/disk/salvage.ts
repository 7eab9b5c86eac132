import type { DatabaseSync } from "node:sqlite";
import {
  digestOf,
  inMemoryDatabase,
  isDamage,
  type Memory,
  stateOf,
  WRITE_FILE,
} from "./file-database.ts";

/** More files than a device ever writes. */
const NUMBER_MAX = 2 ** 40;

/**
 * What can still be read of a damaged database, in a database in memory. `damaged` is undefined
 * when nothing at all can be. `witnessed` changes are known to have happened.
 */
export function salvage(
  damaged: DatabaseSync | undefined,
  witnessed: bigint | undefined,
): DatabaseSync {
  const salvaged = inMemoryDatabase();
  const write = salvaged.prepare(WRITE_FILE);
  if (damaged !== undefined) {
    for (const { name, content, digest } of readableFiles(damaged)) {
      write.run(name, content, digest);
    }
  }
  const { changes, memory } = stateAfter(damaged, witnessed);
  salvaged.prepare("UPDATE state SET changes = ?, memory = ?").run(changes, memory);
  return salvaged;
}

/** The rows are the newest ones only if the database has seen every change. */
function stateAfter(
  damaged: DatabaseSync | undefined,
  witnessed: bigint | undefined,
): { changes: bigint; memory: Memory } {
  const found = damaged && orWhenDamaged(() => stateOf(damaged), undefined);
  if (found === undefined) return { changes: witnessed ?? 0n, memory: "older" };
  const isNewest = witnessed !== undefined && found.changes >= witnessed;
  const memory = isNewest && found.memory !== "older" ? "holes" : "older";
  return { changes: isNewest ? found.changes : (witnessed ?? found.changes), memory };
}

interface StoredFile {
  readonly name: string;
  readonly content: Uint8Array;
  readonly digest: Uint8Array;
}

function* readableFiles(damaged: DatabaseSync): Generator<StoredFile> {
  const read = orWhenDamaged(
    () => damaged.prepare("SELECT name, content, digest FROM stored WHERE number = ?"),
    undefined,
  );
  if (read === undefined) return;
  for (const number of readableNumbers(damaged)) {
    const row = orWhenDamaged(() => read.get(number), undefined);
    const { name, content, digest } = row ?? {};
    if (typeof name !== "string" || !(content instanceof Uint8Array)) continue;
    if (!(digest instanceof Uint8Array)) continue;
    if (Buffer.compare(digestOf(name, content), digest) === 0) yield { name, content, digest };
  }
}

/** Row by row. A page that cannot be read hides its own rows; the search goes on behind it. */
function* readableNumbers(damaged: DatabaseSync): Generator<number> {
  const search = damaged.prepare("SELECT number FROM stored WHERE number >= ? ORDER BY 1 LIMIT 1");
  /** Undefined behind the last row, "damaged" where the search fails or leads astray. */
  const nextFrom = (from: number): number | undefined | "damaged" => {
    const row = orWhenDamaged(() => search.get(from), "damaged");
    if (row === "damaged" || row === undefined) return row;
    return typeof row.number === "number" && row.number >= from ? row.number : "damaged";
  };
  let from = 1;
  while (from < NUMBER_MAX) {
    const number = nextFrom(from);
    if (number === undefined) return;
    if (number === "damaged") {
      from = behindDamage(from, (tried) => nextFrom(tried) === "damaged");
    } else {
      yield number;
      from = number + 1;
    }
  }
}

/** The first number behind `damagedFrom` that is not damaged: in widening steps, then in halves. */
function behindDamage(damagedFrom: number, isDamaged: (number: number) => boolean): number {
  let damaged = damagedFrom;
  let step = 1;
  while (isDamaged(damagedFrom + step)) {
    damaged = damagedFrom + step;
    if (damaged >= NUMBER_MAX) return NUMBER_MAX;
    step *= 2;
  }
  let sound = damagedFrom + step;
  while (sound - damaged > 1) {
    const middle = Math.floor((damaged + sound) / 2);
    if (isDamaged(middle)) damaged = middle;
    else sound = middle;
  }
  return sound;
}

function orWhenDamaged<Found, Instead>(look: () => Found, instead: Instead): Found | Instead {
  try {
    return look();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return instead;
  }
}
