/** Why the embedded PostgreSQL cannot be used; the message is one line for a person. */
export class EmbeddedPostgresError extends Error {
  readonly reason: "data in use" | "port in use" | "cannot run";

  constructor(
    reason: EmbeddedPostgresError["reason"],
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = "EmbeddedPostgresError";
    this.reason = reason;
  }
}
