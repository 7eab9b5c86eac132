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
