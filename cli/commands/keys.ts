import { MeshDirectory, makeMeshDirectory } from "../../dev-mesh/mesh-directory.ts";
import { makeMeshKeys } from "../../dev-mesh/mesh-keys.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import type { CommandIo, CommonOptions } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { type Column, formatDay, tableLines } from "../print/text.ts";
import { hasKeys, publicKeysIn } from "../public-keys.ts";
import { StepLines } from "../start/step-lines.ts";

const COLUMNS: readonly Column[] = [
  { heading: "Holder" },
  { heading: "Purpose" },
  { heading: "Kind" },
  { heading: "Key id" },
  { heading: "From" },
  { heading: "Until" },
];

export const MAKE_KEYS_FLAGS = { "--tls": "certificates for mutual TLS, too" } satisfies Flags;

/** Makes the keys of programs that are started one by one. @returns the exit code. */
export async function makeKeys(
  io: CommandIo,
  options: OptionsOf<typeof MAKE_KEYS_FLAGS>,
): Promise<number> {
  const directory = new MeshDirectory(options.dataDir);
  makeMeshDirectory(directory.path);
  const progress = new StepLines(io);
  const step = progress.step.bind(progress);
  await makeMeshKeys(directory, io.clock, step, { isTls: options.tls ?? false });
  return EXIT_CODES.approved;
}

/** Prints who holds which key; needs no running mesh. @returns the exit code. */
export async function showKeys(io: CommandIo, options: CommonOptions): Promise<number> {
  const directory = new MeshDirectory(options.dataDir);
  if (!hasKeys(directory)) {
    throw new CommandError("NOT_FOUND", `no keys in ${directory.keys}: npm start makes them`);
  }
  const keys = publicKeysIn(directory);
  if (options.json === true) {
    io.print(JSON.stringify({ keys }));
    return EXIT_CODES.approved;
  }
  const day = (timeMs: number | null) => (timeMs === null ? "" : formatDay(timeMs));
  const rows = keys.map((key) => [
    key.holder,
    key.purpose,
    key.kind,
    key.keyId,
    day(key.notBeforeMs),
    day(key.notAfterMs),
  ]);
  for (const line of tableLines(COLUMNS, rows, io.paint)) io.print(line);
  return EXIT_CODES.approved;
}
