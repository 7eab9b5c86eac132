import { execFileSync } from "node:child_process";
import { mkdir, mkdtempDisposable, readdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirectoryInUse, type DurableFiles, directoryFiles } from "./durable-files.ts";
import { FilesCrashed, memoryFiles } from "./memory-files.ts";

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
  for (const name of ["payment-b", "payment-a", "manifest"]) await files.write(name, bytes());
  await files.remove("payment-b");
  await files.remove("never-there");
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

test("a file is readable by its owner alone, and nothing unfinished stays", async () => {
  await using directory = await temporaryDirectory();
  await using files = await directoryFiles(directory.path);
  await files.write("pairing.json", bytes(1));
  const { mode } = await stat(join(directory.path, "pairing.json"));
  expect((mode & 0o777).toString(8)).toBe("600");
  expect((await readdir(directory.path)).sort()).toEqual([".lock", "pairing.json"]);
});

test("what a crash left unfinished is not seen and does not harm the next write", async () => {
  await using directory = await temporaryDirectory();
  await writeFile(join(directory.path, "counter.bin.unfinished"), "half a numb");
  await using files = await directoryFiles(directory.path);
  expect(await files.list("")).toEqual([]);
  await files.write("counter.bin", bytes(7));
  expect(await files.read("counter.bin")).toEqual(bytes(7));
});

test("a write that fails says so, and the old content stays", async () => {
  await using directory = await temporaryDirectory();
  await using files = await directoryFiles(directory.path);
  await files.write("counter.bin", bytes(1));
  await mkdir(join(directory.path, "counter.bin.unfinished"));
  await expect(files.write("counter.bin", bytes(2))).rejects.toThrow("EISDIR");
  expect(await files.read("counter.bin")).toEqual(bytes(1));
});

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
  const module = JSON.stringify(new URL("durable-files.ts", import.meta.url).href);
  const script = `
    import { directoryFiles } from ${module};
    try {
      await directoryFiles(process.argv[1]);
      process.kill(process.pid, "SIGKILL");
    } catch (error) { console.log(error.message); }`;
  const run = () =>
    execFileSync(process.execPath, ["--input-type=module", "-e", script, directory.path], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  expect(run).toThrow("SIGKILL");
  await using files = await directoryFiles(directory.path);
  expect(await files.list("")).toEqual([]);
  expect(run().trim()).toBe(
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
