import { Code, ConnectError } from "@connectrpc/connect";
import { isMeshUp, MeshNotRunningError } from "../dev-mesh/mesh-file.ts";
import { paymentErrorFrom } from "../mesh/errors-to-wire.ts";
import { printable } from "../mesh/printable.ts";
import { PaymentError } from "../payment/errors.ts";
import { isInterruption, outcomeOf, type PaymentOutcome, TillError } from "../till/outcome.ts";

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

/** What a person or script gets to see of an error: never a stack, always one line. */
interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
}

/** Node's names for what can be wrong with files, which its messages explain well. */
const SYSTEM_ERROR = /^E[A-Z0-9]+$/;

/** Errors whose message was written for a person, by name of their class. */
const PLAIN_ERRORS = [
  "StartError",
  "ConfigError",
  "EmbeddedPostgresError",
  "MigrationError",
  "MeshRunsError",
  "PortInUseError",
  "ProgramStartError",
];

export function reportOf(error: unknown, dataDirectory: string): ErrorReport {
  const { code, message } = readable(error, dataDirectory);
  // Of a payment that is not known here nobody can say that it did not happen.
  const isUnknown = code === "PAYMENT_NOT_FOUND" || code === "STREAM_CUT";
  const exitCode = isUnknown ? EXIT_CODES.unknown : EXIT_CODES.error;
  return { code, message: printable(message.replaceAll(/\s*\n\s*/g, " ")), exitCode };
}

function readable(
  error: unknown,
  dataDirectory: string,
): { readonly code: string; readonly message: string } {
  if (error instanceof CommandError || error instanceof TillError) return error;
  if (error instanceof PaymentError || error instanceof MeshNotRunningError) return error;
  if (error instanceof ConnectError) return fromConnectError(error, dataDirectory);
  if (!(error instanceof Error)) return { code: "INTERNAL", message: "an unknown error" };
  if (isInterruption(error)) return new CommandError("INTERRUPTED", "interrupted");
  if (PLAIN_ERRORS.includes(error.name)) return { code: "NOT_STARTED", message: error.message };
  const systemCode = "code" in error && typeof error.code === "string" ? error.code : "";
  if (SYSTEM_ERROR.test(systemCode)) return { code: "SYSTEM", message: error.message };
  return { code: "INTERNAL", message: `unexpected: ${error.message}` };
}

function fromConnectError(error: ConnectError, dataDirectory: string) {
  const meant = paymentErrorFrom(error);
  if (meant !== undefined) return meant;
  const isGone = error.code === Code.Unavailable && !isMeshUp(dataDirectory);
  if (isGone) return new MeshNotRunningError("mesh", dataDirectory);
  return { code: Code[error.code]?.toUpperCase() ?? "INTERNAL", message: error.rawMessage };
}
