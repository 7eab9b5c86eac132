import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";
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
