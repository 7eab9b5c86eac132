// Makes what comes of the contracts: npm run generate [-- --output DIRECTORY], npm run protoset
//
// Stubs (gen/), the protoset with comments (gen/cardlane.protoset) and docs/contracts.md.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { contractsPage, isContract } from "./contracts-page.ts";

const REPOSITORY = join(import.meta.dirname, "..");
const BUF = join(REPOSITORY, "node_modules/@bufbuild/buf/bin/buf");

const { values } = parseArgs({
  options: {
    output: { type: "string", default: REPOSITORY },
    "protoset-only": { type: "boolean", default: false },
  },
});
const output = resolve(values.output);
const isProtosetOnly = values["protoset-only"];

// The stubs first: their generator empties gen/.
if (isProtosetOnly || generateStubs() === 0) {
  const { set, bytes } = buildContractSet();
  write("gen/cardlane.protoset", bytes);
  if (isProtosetOnly) console.log("gen/cardlane.protoset");
  else write("docs/contracts.md", contractsPage(set));
} else {
  process.exitCode = 1;
}

function generateStubs(): number | null {
  const generateArguments = [BUF, "generate", "--output", output];
  const options = { cwd: REPOSITORY, stdio: "inherit" } as const;
  return spawnSync(process.execPath, generateArguments, options).status;
}

function write(path: string, contents: string | Uint8Array): void {
  mkdirSync(join(output, path, ".."), { recursive: true });
  writeFileSync(join(output, path), contents);
}

/** The contracts and all that they import, as descriptors, with the contracts' own comments. */
interface ContractSet {
  readonly set: FileDescriptorSet;
  /** The same as bytes: a protoset, as grpcurl, buf and ghz read it. */
  readonly bytes: Uint8Array;
}

/** @throws Error with what buf says when the contracts do not compile. */
function buildContractSet(): ContractSet {
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
