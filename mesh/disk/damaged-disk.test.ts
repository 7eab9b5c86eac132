import { spawnSync } from "node:child_process";
import {
  mkdir,
  mkdtempDisposable,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { type Log, silentLog } from "../log.ts";
import { type DurableFiles, directoryFiles } from "./durable-files.ts";

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4_096;
const FILES = 60;
const SAMPLES = 12;
const SEED = 20_261_201;

const nameOf = (index: number) => `payment-${String(index).padStart(4, "0")}.json`;
const contentOf = (index: number) => Buffer.from(`${index} ${"x".repeat(index * 80)}`);

async function writeAll(files: DurableFiles): Promise<void> {
  for (let index = 0; index < FILES; index += 1) {
    await files.write(nameOf(index), contentOf(index));
  }
}

/** How many files can be read; every one that can is as it was written. */
async function readable(files: DurableFiles): Promise<number> {
  let count = 0;
  for (const name of await files.list("payment-")) {
    const content = await files.read(name).catch(() => undefined);
    if (content === undefined) continue;
    const index = Number(/\d+/.exec(name)?.[0]);
    expect(Buffer.compare(content, contentOf(index))).toBe(0);
    count += 1;
  }
  return count;
}

interface Device extends AsyncDisposable {
  readonly path: string;
  readonly database: string;
  readonly log: string;
  /** Every file of the directory, as it was. */
  restore(): Promise<void>;
}

/** A directory whose program has stopped, or was killed: the log is there then. */
async function device(end: "stopped" | "killed"): Promise<Device> {
  const temporary = await mkdtempDisposable(join(tmpdir(), "cardlane-damage-"));
  const path = join(temporary.path, "data");
  const files = await directoryFiles(path);
  await writeAll(files);
  if (end === "stopped") await files[Symbol.asyncDispose]();
  const names = await readdir(path);
  const whole = await Promise.all(
    names.map(async (name) => [name, await readFile(join(path, name))] as const),
  );
  if (end === "killed") await files[Symbol.asyncDispose]();
  const restore = async () => {
    await rm(path, { recursive: true });
    await mkdir(path);
    for (const [name, bytes] of whole) await writeFile(join(path, name), bytes);
  };
  await restore();
  return {
    path,
    database: join(path, "files.db"),
    log: join(path, "files.db-wal"),
    restore,
    [Symbol.asyncDispose]: () => temporary.remove(),
  };
}

async function zeroAt(path: string, start: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.fill(0, start, start + SECTOR_BYTES);
  await writeFile(path, bytes);
}

/** Numbers from 0 up to 1, the same in every run (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test.each(["stopped", "killed"] as const)(
  "a sector of zeros anywhere stops nothing but what lies there: %s",
  async (end) => {
    await using whole = await device(end);
    const next = dice(SEED);
    const counts: number[] = [];
    for (const path of end === "killed" ? [whole.database, whole.log] : [whole.database]) {
      await whole.restore();
      const { byteLength } = await readFile(path);
      const sectors = Math.floor(byteLength / SECTOR_BYTES);
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        await whole.restore();
        await zeroAt(path, Math.floor(next() * sectors) * SECTOR_BYTES);
        await using files = await directoryFiles(whole.path);
        counts.push(await readable(files));
        await files.write("payment-9999.json", Buffer.from("the next one"));
      }
    }
    expect(counts.length).toBeGreaterThanOrEqual(SAMPLES);
    // A header or a root takes all, a page of rows its own.
    expect(counts.filter((count) => count >= FILES / 2).length).toBeGreaterThan(SAMPLES / 2);
  },
);

/** Where the pages of rows begin: with 13, and how many rows (sqlite.org/fileformat2, 1.6). */
async function leavesOf({ database }: Device) {
  const bytes = await readFile(database);
  return Array.from({ length: bytes.byteLength / PAGE_BYTES - 1 }, (_, page) => page + 1)
    .map((page) => page * PAGE_BYTES)
    .filter((start) => bytes[start] === 13)
    .map((start) => ({ start, rows: bytes.readUInt16BE(start + 3) }));
}

async function leafWith(struck: Device, rows: number): Promise<number> {
  const leaf = (await leavesOf(struck)).find((found) => found.rows === rows);
  if (leaf === undefined) throw new Error(`no page has ${rows} rows`);
  return leaf.start;
}

test("the first sector of a page of rows takes the rows of that page alone", async () => {
  await using whole = await device("stopped");
  // The one row of the count of changes is a page too.
  const leaves = (await leavesOf(whole)).filter(({ rows }) => rows > 1);
  expect(leaves.length).toBeGreaterThan(3);
  for (const { start, rows } of leaves) {
    await whole.restore();
    await zeroAt(whole.database, start);
    await using files = await directoryFiles(whole.path);
    expect(files.memory).toBe("holes");
    expect(await readable(files)).toBe(FILES - rows);
  }
});

const damages: readonly {
  readonly damage: string;
  readonly end: "stopped" | "killed";
  readonly strike: (struck: Device) => Promise<void>;
}[] = [
  {
    damage: "a header of garbage",
    end: "stopped",
    strike: async ({ database }) => {
      const bytes = await readFile(database);
      await writeFile(database, bytes.fill("garbage", 0, 100));
    },
  },
  {
    damage: "a database cut in half",
    end: "stopped",
    strike: async ({ database }) => {
      await truncate(database, Math.floor((await readFile(database)).byteLength / 2));
    },
  },
  {
    damage: "an empty database",
    end: "stopped",
    strike: ({ database }) => truncate(database),
  },
  {
    damage: "a log that is gone",
    end: "killed",
    strike: ({ log }) => rm(log),
  },
  {
    damage: "a log cut in half",
    end: "killed",
    strike: async ({ log }) => {
      await truncate(log, Math.floor((await readFile(log)).byteLength / 2));
    },
  },
  {
    damage: "a log with a sector of zeros",
    end: "killed",
    strike: ({ log }) => zeroAt(log, 4 * PAGE_BYTES),
  },
  {
    damage: "a database that is gone",
    end: "stopped",
    strike: ({ database }) => rm(database),
  },
];

test.each(damages)("$damage is noticed, and known at every later start", async (row) => {
  await using struck = await device(row.end);
  await row.strike(struck);
  for (let start = 1; start <= 3; start += 1) {
    await using files = await directoryFiles(struck.path);
    expect({ start, memory: files.memory }).toEqual({ start, memory: "older" });
    expect(await readable(files)).toBeLessThan(FILES);
    await files.write(`start-${start}.json`, contentOf(start));
    expect(await files.list("start-")).toHaveLength(start);
  }
});

test("nothing is lost with the count of changes", async () => {
  await using whole = await device("killed");
  await writeFile(join(whole.path, "files.changes"), Buffer.alloc(16));
  await using files = await directoryFiles(whole.path);
  expect(files.memory).toBe("whole");
  expect(await readable(files)).toBe(FILES);
});

test.each(["kept", "erased"] as const)("a damaged database is %s", async (damaged) => {
  await using struck = await device("stopped");
  const bytes = await readFile(struck.database);
  const damage = bytes.fill("garbage", 0, 100);
  await writeFile(struck.database, damage);
  const logged: string[] = [];
  const log: Log = { ...silentLog, error: (message) => void logged.push(message) };
  await using files = await directoryFiles(struck.path, { damaged, log });
  expect(files.memory).toBe("older");
  const all = await readdir(struck.path, { recursive: true });
  const aside = all.filter((name) => name.startsWith("damaged-") && name.endsWith(".db"));
  const kept = await Promise.all(aside.map((name) => readFile(join(struck.path, name))));
  expect(kept).toEqual(damaged === "kept" ? [damage] : []);
  expect(all.some((name) => name.startsWith("damaged-"))).toBe(damaged === "kept");
  expect(logged[0]).toMatch(/^the damaged database is put aside in damaged-/);
});

/** Opens the directory in a process whose files may not grow, as on a disk that is full. */
function openOnFullDisk(directory: string): unknown {
  const module = JSON.stringify(new URL("durable-files.ts", import.meta.url).href);
  const program = `
    import { directoryFiles } from ${module};
    process.on("SIGXFSZ", () => undefined);
    await using files = await directoryFiles(process.argv[1]);
    const read = [];
    for (const name of await files.list("payment-")) read.push(await files.read(name));
    const written = await files.write("payment-9999.json", new Uint8Array(9_000)).then(
      () => true, () => false);
    console.log(JSON.stringify({ memory: files.memory, read: read.length, written }));`;
  const node = [process.execPath, "--input-type=module", "-e", program, directory];
  const { stdout, stderr } = spawnSync("prlimit", ["--fsize=1", ...node], { encoding: "utf8" });
  return stdout === "" ? stderr : JSON.parse(stdout);
}

test.runIf(process.platform === "linux").each([
  { state: "whole", memory: "whole", lost: 0 },
  { state: "damaged", memory: "holes", lost: 2 },
])("on a full disk, what is $state can still be read", async ({ memory, lost }) => {
  await using struck = await device("stopped");
  if (lost > 0) await zeroAt(struck.database, await leafWith(struck, lost));
  const told = openOnFullDisk(struck.path);
  expect(told).toEqual({ memory, read: FILES - lost, written: false });
  // Once there is room, it goes on.
  await using files = await directoryFiles(struck.path);
  expect({ memory: files.memory, read: await readable(files) }).toEqual({
    memory,
    read: FILES - lost,
  });
  await files.write("payment-9999.json", contentOf(1));
});

test("content that rots while the program runs is an error of its own file alone", async () => {
  await using struck = await device("stopped");
  const database = new DatabaseSync(struck.database);
  database.exec("UPDATE stored SET content = zeroblob(10) WHERE name = 'payment-0007.json'");
  database.close();
  await using files = await directoryFiles(struck.path);
  await expect(files.read(nameOf(7))).rejects.toThrow(
    'the stored file "payment-0007.json" is damaged on the disk',
  );
  expect(await readable(files)).toBe(FILES - 1);
});

test("files of an earlier cardlane are taken over", async () => {
  await using temporary = await mkdtempDisposable(join(tmpdir(), "cardlane-earlier-"));
  const earlier = new DatabaseSync(join(temporary.path, "files.db"));
  earlier.exec(`
    CREATE TABLE file (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO file VALUES ('counter.bin', x'07'), ('pairing.bin', x'08')`);
  earlier.close();
  for (let start = 1; start <= 2; start += 1) {
    await using files = await directoryFiles(temporary.path);
    expect(files.memory).toBe("whole");
    expect(await files.read("counter.bin")).toEqual(Uint8Array.of(7));
    expect(await files.list("")).toEqual(["counter.bin", "pairing.bin"]);
  }
});
