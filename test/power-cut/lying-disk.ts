import { spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment } from "../../settings/environment.ts";
import { isCi } from "../fixtures/required.ts";

/** A moment at which the power may go. */
interface PowerCut {
  /** In place of the sync with this number, from 1; the last one: after all of them. */
  readonly atSync: number;
  /** What the program had said by then, line by line. */
  readonly told: readonly string[];
  /** Lays out what the disk has then, in a new directory: what was the program's own. */
  layOut(): string;
}

/** A disk that forgets whatever was not synced (`lying-disk.c`). Disposal takes all away. */
export class LyingDisk implements Disposable {
  readonly #home = mkdtempSync(join(tmpdir(), "cardlane-disk-"));
  readonly #library = join(this.#home, "lying-disk.so");

  /** Compiles the shim. @throws Error when that does not work, with what the compiler says. */
  constructor() {
    const source = join(import.meta.dirname, "lying-disk.c");
    const flags = ["-shared", "-fPIC", "-O1", "-pthread", "-o", this.#library, source];
    const { status, stderr } = spawnSync("cc", flags, { encoding: "utf8" });
    if (status !== 0) throw new Error(`cc could not compile the lying disk: ${stderr}`);
  }

  /**
   * Runs a TypeScript program to its end. Its last argument is an empty directory of its own.
   *
   * @returns every moment that a power cut can make a difference at.
   */
  run(
    program: string,
    given: { readonly arguments: readonly string[]; readonly input: string },
  ): readonly PowerCut[] {
    const home = mkdtempSync(join(this.#home, "run-"));
    const inHome = (name: string) => join(home, name);
    for (const name of ["root", "kept"]) mkdirSync(inHome(name));
    const output = openSync(inHome("output"), "a");
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, ...given.arguments, inHome("root")],
      {
        encoding: "utf8",
        input: given.input,
        stdio: ["pipe", output, "pipe"],
        env: {
          ...environment,
          LD_PRELOAD: this.#library,
          LYING_DISK_ROOT: inHome("root"),
          LYING_DISK_KEPT: inHome("kept"),
        },
      },
    );
    closeSync(output);
    if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
    const said = readFileSync(inHome("output"));
    const kept = new KeptFiles(inHome("kept"));
    return [...kept.toldBytes, said.length].map((bytes, index) => ({
      atSync: index + 1,
      told: said.toString("utf8", 0, bytes).split("\n").slice(0, -1),
      layOut: () => kept.layOut(index + 1, mkdtempSync(join(home, "disk-"))),
    }));
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** Whether there is what it takes. @throws Error in CI, where nothing may be left out. */
export function hasLyingDisk(): boolean {
  const isThere =
    process.platform === "linux" && spawnSync("cc", ["--version"]).error === undefined;
  if (!isThere && isCi) throw new Error("CI needs Linux and a C compiler (cc) for the lying disk");
  return isThere;
}

/** What was synced, and when: files named `key@sync`. */
class KeptFiles {
  readonly #path: string;
  /** How much was told before each sync. */
  readonly toldBytes: readonly number[];
  /** The syncs of each key. */
  readonly #versions = new Map<string, number[]>();

  constructor(path: string) {
    this.#path = path;
    const names = readdirSync(path);
    const told = names.includes("told") ? readFileSync(join(path, "told"), "utf8") : "";
    this.toldBytes = told.split("\n").filter(Boolean).map(Number);
    for (const [key = "", sync] of names.map((name) => name.split("@"))) {
      const earlier = this.#versions.get(key) ?? [];
      if (sync !== undefined) this.#versions.set(key, [...earlier, Number(sync)]);
    }
  }

  /** Files and directories by the names that were synced, with the contents that were. */
  layOut(atSync: number, directory: string, key = "root"): string {
    const list = this.#kept(key, atSync);
    const lines = list === undefined ? [] : readFileSync(list, "utf8").split("\n").filter(Boolean);
    for (const line of lines) {
      const [kind, child = "", name = ""] = line.split(" ");
      const target = join(directory, name);
      const content = this.#kept(child, atSync);
      if (kind === "d") {
        mkdirSync(target);
        this.layOut(atSync, target, child);
      } else if (content === undefined) writeFileSync(target, "");
      else copyFileSync(content, target);
    }
    return directory;
  }

  /** The file that holds what was synced last before that. */
  #kept(key: string, atSync: number): string | undefined {
    const before = (this.#versions.get(key) ?? []).filter((sync) => sync < atSync);
    return before.length === 0 ? undefined : join(this.#path, `${key}@${Math.max(...before)}`);
  }
}
