import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const REPOSITORY = join(import.meta.dirname, "..");
const BUF = join(REPOSITORY, "node_modules/@bufbuild/buf/bin/buf");

/** The contracts and all that they import, as descriptors, with the contracts' own comments. */
interface ContractSet {
  readonly set: FileDescriptorSet;
  /** The same as bytes: a protoset, as grpcurl, buf and ghz read it. */
  readonly bytes: Uint8Array;
}

/** @throws Error with what buf says when the contracts do not compile. */
export function buildContractSet(): ContractSet {
  const buildArguments = ["build", "--as-file-descriptor-set", "--output", "-"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [BUF, ...buildArguments], {
    cwd: REPOSITORY,
    maxBuffer: 16_777_216,
  });
  if (status !== 0) throw new Error(`the contracts do not compile:\n${stderr.toString()}`);
  const set = fromBinary(FileDescriptorSetSchema, stdout);
  for (const file of set.file) {
    // Whoever wants the comments of google's own files has those files.
    if (!isContract(file.name)) file.sourceCodeInfo = undefined;
  }
  return { set, bytes: toBinary(FileDescriptorSetSchema, set) };
}

/** Whether a file of the set is one of this project's contracts. */
export function isContract(fileName: string): boolean {
  return fileName.startsWith("cardlane/");
}
