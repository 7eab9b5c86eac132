import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { ChainHome, ChainStart } from "./minute-keys.ts";

const FORM = /^cardlane minute secret 1\n(\d{1,10})\n([A-Za-z0-9_-]{43})\n$/;

/**
 * A chain of minute keys in a file that its owner alone can read. Relays of one machine may share
 * it: whichever is first in a minute takes it on, and the others would write the same.
 *
 * @param path in a folder that is there, outside every backup.
 */
export function chainInFile(path: string): ChainHome {
  return {
    read() {
      const text = textOf(path);
      const [, minute, secret] = FORM.exec(text ?? "") ?? [];
      if (minute === undefined || secret === undefined) return undefined;
      return { minute: Number(minute), secret: Buffer.from(secret, "base64url") };
    },
    write: (start) => replace(path, start),
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function replace(path: string, { minute, secret }: ChainStart): void {
  const next = `${path}.${process.pid}`;
  const encoded = Buffer.from(secret).toString("base64url");
  const text = `cardlane minute secret 1\n${minute}\n${encoded}\n`;
  rmSync(next, { force: true });
  write(openSync(next, "wx", 0o600), text);
  const before = opened(path);
  renameSync(next, path);
  sync(dirname(path));
  // The name leads to another file now; the old one's bytes are still on the disk.
  if (before !== undefined) write(before, "\0".repeat(fstatSync(before).size));
}

function write(file: number, text: string): void {
  try {
    writeSync(file, text, 0, "latin1");
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function sync(directory: string): void {
  const file = openSync(directory, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
