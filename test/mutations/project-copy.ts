import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Mutation } from "./mutation.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Packages are linked; a program's data and the history are of no use. */
const LEFT_OUT = ["node_modules", ".git", ".cardlane"];

/**
 * The project once more, to be changed and run: programs of their own, SQL that is read as a file
 * and tests with their children all see the change, and nobody sees it here.
 */
export class ProjectCopy implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "cardlane-mutant-"));

  constructor() {
    cpSync(ROOT, this.path, {
      recursive: true,
      filter: (source) => !LEFT_OUT.includes(basename(source)),
    });
    symlinkSync(join(ROOT, "node_modules"), join(this.path, "node_modules"), "junction");
  }

  /** Takes the safeguard out, until disposal. */
  without({ name, path, find, replace }: Mutation): Disposable {
    const file = join(this.path, path);
    const text = readFileSync(file, "utf8");
    if (text.split(find).length !== 2) {
      throw new Error(`${name}: "${find}" must stand once in ${path}`);
    }
    writeFileSync(
      file,
      text.replace(find, () => replace),
    );
    return { [Symbol.dispose]: () => writeFileSync(file, text) };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}
