import { outcomeOf, type PaymentOutcome } from "../till/outcome.ts";

/** What scripts read from a command's end. `error`: the question itself was not answered. */
export const EXIT_CODES = { approved: 0, error: 1, declined: 2, unknown: 3 } as const;

const OF_OUTCOME: Readonly<Record<PaymentOutcome, number>> = {
  charged: EXIT_CODES.approved,
  "not charged": EXIT_CODES.declined,
  unknown: EXIT_CODES.unknown,
  "never began": EXIT_CODES.error,
};

/** Exit code of what is known about a payment. */
export function exitCodeOf(known: Parameters<typeof outcomeOf>[0]): number {
  return OF_OUTCOME[outcomeOf(known)];
}

/** Why a command could not be carried out; the message says what was expected and what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** For scripts, in `--json`. */
  readonly code: CommandErrorCode;

  constructor(code: CommandErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

type CommandErrorCode = "USAGE" | "MESH_NOT_RUNNING" | "NOT_FOUND" | "INTERRUPTED" | "STREAM_CUT";
