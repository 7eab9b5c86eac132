import { spawnSync } from "node:child_process";
import { mkdtempDisposable, readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FilesCrashed, memoryFiles } from "../testing/memory-files.ts";
import { DirectoryInUse, type DurableFiles, directoryFiles } from "./durable-files.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const temporaryDirectory = () => mkdtempDisposable(join(tmpdir(), "cardlane-files-"));

interface OpenedFiles extends AsyncDisposable {
  readonly files: DurableFiles;
}

async function inMemory(): Promise<OpenedFiles> {
  const files = memoryFiles();
  return { files, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
}

async function onDisk(): Promise<OpenedFiles> {
  const directory = await temporaryDirectory();
  const files = await directoryFiles(join(directory.path, "data"));
  return {
    files,
    async [Symbol.asyncDispose]() {
      await files[Symbol.asyncDispose]();
      await directory.remove();
    },
  };
}

const kinds = [
  { kind: "in memory", opened: inMemory },
  { kind: "on disk", opened: onDisk },
];

test.each(kinds)("files $kind keep the last content of each name", async ({ opened }) => {
  await using opening = await opened();
  const { files } = opening;
  await files.write("counter.bin", bytes(1));
  await Promise.all([files.write("counter.bin", bytes(2)), files.write("counter.bin", bytes(3))]);
  expect(await files.read("counter.bin")).toEqual(bytes(3));
  expect(await files.read("pairing.json")).toBeUndefined();
});

test.each(kinds)("files $kind list by prefix, in order, and forget", async ({ opened }) => {
  await using opening = await opened();
  const { files } = opening;
  for (const name of ["payment-c", "payment-b", "payment-a", "manifest"])
    await files.write(name, bytes());
  await files.remove("payment-b");
  await files.remove("never-there");
  await files.erase("payment-c");
  await files.erase("never-there");
  expect(await files.list("payment-")).toEqual(["payment-a"]);
  expect(await files.list("")).toEqual(["manifest", "payment-a"]);
});

const names = ["../x", "a/b", "", ".lock", "a.unfinished", "A", "a".repeat(81), "a.json.bin"];

test.each(kinds.flatMap((kind) => names.map((name) => ({ ...kind, name }))))(
  'files $kind refuse the name "$name"',
  async ({ opened, name }) => {
    await using opening = await opened();
    const write = async () => opening.files.write(name, bytes(1));
    await expect(write()).rejects.toThrow("is not allowed");
    expect(await opening.files.list("")).toEqual([]);
  },
);

test("what is stored is readable by its owner alone", async () => {
  await using directory = await temporaryDirectory();
  await using files = await directoryFiles(join(directory.path, "data"));
  await files.write("pairing.json", bytes(1));
  const paths = ["data", "data/files.db", "data/files.db-wal", "data/files.changes"];
  const modes = await Promise.all(
    paths.map(async (path) => (await stat(join(directory.path, path))).mode & 0o777),
  );
  expect(modes.map((mode) => mode.toString(8))).toEqual(["700", "600", "600", "600"]);
});

/** The bytes of every file in a directory. */
async function everythingIn(directory: string): Promise<string> {
  const names = await readdir(directory);
  const contents = names.map((name) => readFile(join(directory, name), "latin1"));
  return (await Promise.all(contents)).join();
}

test("only overwriting leaves nothing of the old content in the directory", async () => {
  await using directory = await temporaryDirectory();
  await using files = await directoryFiles(directory.path);
  // Of several pages, which are free when something short takes its place.
  await files.write("register.bin", Buffer.from("first key".repeat(2_000)));
  await files.write("register.bin", Buffer.from("second key"));
  expect(await everythingIn(directory.path)).toContain("first key");
  await files.overwrite("register.bin", Buffer.from("third key"));
  expect(await everythingIn(directory.path)).not.toMatch(/first|second/);
  expect(await everythingIn(directory.path)).toContain("third key");
});

test("what was erased is in no file, whatever was written around it", async () => {
  await using directory = await temporaryDirectory();
  await using files = await directoryFiles(directory.path);
  // Sizes on both sides of what fits into a page, so that pages are split, joined and freed.
  const sizes = [40, 900, 3_900, 4_200, 9_000];
  const sealed = (number: number) => `<${String(number).padStart(3, "0")}>`;
  for (let number = 0; number < 100; number += 1) {
    const size = sizes[number % sizes.length] ?? 0;
    await files.write(`payment-${number}`, Buffer.from(sealed(number).repeat(size / 5)));
    if (number < 10) continue;
    const ended = (number * 7) % 10 < 5 ? number : number - 10;
    await files.erase(`payment-${ended}`);
    const isFound = (await everythingIn(directory.path)).includes(sealed(ended));
    expect({ number, isFound }).toEqual({ number, isFound: false });
  }
});

test("a start finishes the erasing that an earlier one was killed at", async () => {
  await using directory = await temporaryDirectory();
  runWithFiles(
    directory.path,
    `await files.write("register.bin", Buffer.from("first key"));
     await files.write("register.bin", Buffer.from("second key"));
     process.kill(process.pid, "SIGKILL");`,
  );
  expect(await everythingIn(directory.path)).toContain("first key");
  await using _files = await directoryFiles(directory.path);
  expect(await everythingIn(directory.path)).not.toContain("first key");
  expect(await everythingIn(directory.path)).toContain("second key");
});

/** Runs in a process of its own, with `files` of the directory given. */
function runWithFiles(directory: string, script: string): string {
  const module = JSON.stringify(new URL("durable-files.ts", import.meta.url).href);
  const program = `
    import { directoryFiles } from ${module};
    try {
      const files = await directoryFiles(process.argv[1]);
      ${script}
    } catch (error) { console.log(error.message); }`;
  const { stdout } = spawnSync(
    process.execPath,
    ["--input-type=module", "-e", program, directory],
    { encoding: "utf8" },
  );
  return stdout.trim();
}

test("a killed process loses nothing that it was told is stored", async () => {
  await using directory = await temporaryDirectory();
  const told = runWithFiles(
    directory.path,
    `for (let count = 1; ; count += 1) {
       await files.write("counter.bin", Uint8Array.of(count));
       console.log(count);
       if (count === 7) process.kill(process.pid, "SIGKILL");
     }`,
  );
  expect(told.split("\n").at(-1)).toBe("7");
  await using files = await directoryFiles(directory.path);
  expect(await files.read("counter.bin")).toEqual(bytes(7));
});

test.runIf(process.platform === "linux")(
  "a write that fails says so, and the old content stays",
  async () => {
    await using directory = await temporaryDirectory();
    const told = runWithFiles(
      directory.path,
      `// A file that may not grow any more, as on a disk that is full.
     process.on("SIGXFSZ", () => undefined);
     await files.write("counter.bin", Uint8Array.of(1));
     const { execFileSync } = await import("node:child_process");
     execFileSync("prlimit", ["--pid", String(process.pid), "--fsize=65536"]);
     await files.write("counter.bin", new Uint8Array(100_000)).catch(({ message }) =>
       console.log(message));
     console.log((await files.read("counter.bin")).join());
     await files.write("counter.bin", Uint8Array.of(2));`,
    );
    expect(told.split("\n")).toEqual(["disk I/O error", "1"]);
    await using files = await directoryFiles(directory.path);
    expect(await files.read("counter.bin")).toEqual(bytes(2));
  },
);

test("a directory has one holder at a time", async () => {
  await using directory = await temporaryDirectory();
  const first = await directoryFiles(directory.path);
  await expect(directoryFiles(directory.path)).rejects.toThrow(DirectoryInUse);
  await first[Symbol.asyncDispose]();
  await using second = await directoryFiles(directory.path);
  expect(await second.list("")).toEqual([]);
});

test("a second process gets one clear line; a killed one leaves no lock behind", async () => {
  await using directory = await temporaryDirectory();
  const run = () => runWithFiles(directory.path, 'process.kill(process.pid, "SIGKILL");');
  expect(run()).toBe("");
  await using files = await directoryFiles(directory.path);
  expect(await files.list("")).toEqual([]);
  expect(run()).toBe(
    `${directory.path} is in use by another process: stop that one, or choose another directory`,
  );
});

test("a crash loses what was not synced, and the old holder can do nothing more", async () => {
  const files = memoryFiles();
  await files.write("counter.bin", bytes(1));
  const unfinished = files.write("counter.bin", bytes(2));
  const afterwards = files.crash();
  await expect(unfinished).rejects.toThrow(FilesCrashed);
  await expect(files.read("counter.bin")).rejects.toThrow(FilesCrashed);
  expect(await afterwards.read("counter.bin")).toEqual(bytes(1));
});

test.each([
  { moment: "before it is synced", content: 1 },
  { moment: "after it is synced", content: 2 },
] as const)("a planned crash $moment leaves $content", async ({ moment, content }) => {
  const files = memoryFiles();
  files.crashAt(2, moment);
  await files.write("counter.bin", bytes(1));
  await expect(files.write("counter.bin", bytes(2))).rejects.toThrow(FilesCrashed);
  expect(await files.crash().read("counter.bin")).toEqual(bytes(content));
});
