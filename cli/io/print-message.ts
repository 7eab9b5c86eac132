import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
import { CommandError } from "../command-error.ts";
import type { CommandIo } from "./command-io.ts";

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
