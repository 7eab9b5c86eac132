import { create } from "@bufbuild/protobuf";
import { openRunningMesh } from "../../dev-mesh/clients.ts";
import { allReaders, allTerminals } from "../../dev-mesh/device-lists.ts";
import {
  ListReadersResponseSchema,
  ListTerminalsResponseSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { currencyLetters, parseCurrency } from "../../payment/money.ts";
import { EXIT_CODES } from "../command-end.ts";
import { type CommandIo, type CommonOptions, printMessage } from "../io/command-io.ts";
import { type Column, formatDay, formatWhen, tableLines } from "../print/text.ts";
import { deviceStateWord } from "../print/words.ts";

const READER_COLUMNS: readonly Column[] = [
  { heading: "Serial" },
  { heading: "Model" },
  { heading: "Merchant" },
  { heading: "State" },
  { heading: "Last payment" },
  { heading: "Certificate until" },
];

const TERMINAL_COLUMNS: readonly Column[] = [
  { heading: "Terminal" },
  { heading: "Merchant" },
  { heading: "Name" },
  { heading: "State" },
  { heading: "Currencies" },
  { heading: "Certificate until" },
];

/** Prints the readers that the relay serves. @returns the exit code. */
export async function readers(io: CommandIo, options: CommonOptions): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const all = await allReaders(mesh.clients.relayRegistry);
  if (options.json === true) {
    const response = create(ListReadersResponseSchema, { readers: [...all] });
    printMessage(io, ListReadersResponseSchema, response);
    return EXIT_CODES.approved;
  }
  const rows = all.map((reader) => [
    printable(reader.serial),
    printable(reader.model),
    reader.merchantId,
    deviceStateWord(reader.state),
    reader.lastPaymentAtMs === 0n ? "never" : formatWhen(Number(reader.lastPaymentAtMs)),
    formatDay(Number(reader.notAfterMs)),
  ]);
  for (const line of tableLines(READER_COLUMNS, rows, io.paint)) io.print(line);
  return EXIT_CODES.approved;
}

/** Prints the terminals that the relay serves. @returns the exit code. */
export async function terminals(io: CommandIo, options: CommonOptions): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const all = await allTerminals(mesh.clients.relayRegistry);
  if (options.json === true) {
    const response = create(ListTerminalsResponseSchema, { terminals: [...all] });
    printMessage(io, ListTerminalsResponseSchema, response);
    return EXIT_CODES.approved;
  }
  const rows = all.map((terminal) => [
    printable(terminal.terminalId),
    terminal.merchantId,
    printable(terminal.merchantName),
    deviceStateWord(terminal.state),
    terminal.currencies.map((code) => currencyLetters(parseCurrency(code))).join(" "),
    formatDay(Number(terminal.notAfterMs)),
  ]);
  for (const line of tableLines(TERMINAL_COLUMNS, rows, io.paint)) io.print(line);
  return EXIT_CODES.approved;
}
