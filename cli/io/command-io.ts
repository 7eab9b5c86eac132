import type { Surroundings } from "../../mesh/surroundings.ts";
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
