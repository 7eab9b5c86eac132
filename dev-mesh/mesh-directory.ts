import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../settings/read-config.ts";

/** What the programs of a mesh are called: whoever answers stands before whoever asks. */
export const PROGRAM_NAMES = ["reader", "pin-service", "processor", "relay", "terminal"] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** A second process of a program that may run several times, with the same keys and database. */
export const SECOND_NAMES = ["processor-2", "relay-2"] as const;
/** One process of a mesh. */
export type InstanceName = ProgramName | (typeof SECOND_NAMES)[number];

/** Whose code and keys a process has: "relay" for "relay-2". */
export function programOf(instance: InstanceName): ProgramName {
  switch (instance) {
    case "processor-2":
      return "processor";
    case "relay-2":
      return "relay";
    default:
      return instance;
  }
}

/**
 * Nobody else reads what is in there. Root's PostgreSQL runs as another user, who has to get
 * through to its own folder; the folders beside that one are closed.
 */
const MODE = process.getuid?.() === 0 ? 0o711 : 0o700;

/**
 * Makes the folder that a mesh keeps everything in, when it is missing.
 *
 * @throws StartError where there can be none, with the reason.
 */
export function makeMeshDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: MODE });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    throw new StartError(
      `--data-dir must be a folder, or become one, got ${path}: ${whyNot(code)}`,
    );
  }
}

/** @param code as of mkdir(2). */
function whyNot(code: string): string {
  if (code === "EEXIST" || code === "ENOTDIR") return "a file is there, or on the way";
  if (code === "ENOSPC") return "the disk is full";
  // Node.js answers ENOENT for the folders on the way that it may not make.
  return `this user may not write there, or the file system is read-only (${code})`;
}

/** Where a mesh on this machine keeps its files. */
export class MeshDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get postgres(): string {
    return join(this.path, "postgres");
  }

  get spans(): string {
    return join(this.path, "spans");
  }

  get keys(): string {
    return join(this.path, "keys");
  }

  /** Of the relays, which share it. */
  get minuteKeys(): string {
    return join(this.path, "minute-keys");
  }

  get tls(): string {
    return join(this.path, "tls");
  }

  keysOf(program: ProgramName): string {
    return join(this.keys, program);
  }

  /** `operator` is the person at the command line. */
  tlsOf(holder: ProgramName | "operator"): string {
    return join(this.tls, holder);
  }

  /** What the program keeps: the reader's counter, the terminal's journal. */
  dataOf(program: ProgramName): string {
    return join(this.path, program);
  }

  logOf(instance: InstanceName | "postgres"): string {
    return join(this.path, "logs", `${instance}.log`);
  }
}

/** Where `npm start` keeps everything: `.cardlane` in this repository. */
export const DEFAULT_DATA_DIRECTORY = join(import.meta.dirname, "..", ".cardlane");
