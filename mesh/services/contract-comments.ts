import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, type SourceCodeInfo } from "@bufbuild/protobuf/wkt";

const PROTOSET = join(import.meta.dirname, "../../gen/cardlane.protoset");

let comments: ReadonlyMap<string, SourceCodeInfo> | undefined;

/**
 * The comments of one contract, which its stubs do not carry; read when first asked for.
 *
 * @param fileName "cardlane/relay/v1/relay.proto"
 * @returns undefined for a file that is not one of the contracts.
 */
export function commentsOf(fileName: string): SourceCodeInfo | undefined {
  comments ??= readComments();
  return comments.get(fileName);
}

function readComments(): ReadonlyMap<string, SourceCodeInfo> {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(PROTOSET));
  return new Map(
    set.file.flatMap(({ name, sourceCodeInfo }) =>
      sourceCodeInfo === undefined ? [] : [[name, sourceCodeInfo] as const],
    ),
  );
}
