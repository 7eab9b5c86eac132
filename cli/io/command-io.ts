import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { CommandError } from "../command-end.ts";
import type { Paint } from "../print/text.ts";

/** What a command has to do with the outside: the person or script that called it. */
export interface CommandIo extends Pick<Surroundings, "clock"> {
  /** Writes a line to the standard output. */
  readonly print: (line: string) => void;
  /** Writes a line about what goes on, apart from the answer. */
  readonly tell: (line: string) => void;
  /** Shows what is under way until the next line comes. Nothing without a terminal. */
  readonly showStatus: (text: string) => void;
  /** Width of the terminal, for pictures. */
  readonly columns: number;
  /** Where the person's shell is: npm runs scripts elsewhere. */
  readonly workingDirectory: string;
  /** Whether there is somebody to ask. */
  readonly isInteractive: boolean;
  readonly paint: Paint;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** Options that every command has. */
export interface CommonOptions {
  readonly dataDir: string;
  readonly json?: boolean;
}

/**
 * The answer for a script: one line, the contract's message in the JSON mapping of proto3. Fields
 * that are not set are there with their default, 64-bit numbers are strings, bytes base64.
 */
export function printMessage<Desc extends DescMessage>(
  io: CommandIo,
  schema: Desc,
  message: MessageShape<Desc>,
): void {
  io.print(JSON.stringify(toJson(schema, message, { alwaysEmitImplicit: true })));
}

/** The relay gives no more in one answer. */
const LIMIT_MAX = 500;

/** `--limit`. @throws CommandError USAGE */
export function parseLimit(text: string): number {
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw new CommandError("USAGE", `--limit must be 1 to ${LIMIT_MAX}, got "${text}"`);
}
