import { openRunningMesh } from "../../dev-mesh/clients.ts";
import { ListPaymentsResponseSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { EXIT_CODES } from "../command-end.ts";
import { type CommandIo, type CommonOptions, parseLimit, printMessage } from "../io/command-io.ts";
import { RECORD_COLUMNS, recordRow } from "../print/record-lines.ts";
import { tableLines } from "../print/text.ts";
import { parseStateWord } from "../print/words.ts";

export interface ListOptions extends CommonOptions {
  /** Records to show, as typed. */
  readonly limit: string;
  readonly state?: string;
  /** `nextPageToken` of the page before. */
  readonly page?: string;
}

/** Prints the newest payments. @returns the exit code. */
export async function list(io: CommandIo, options: ListOptions): Promise<number> {
  const pageSize = parseLimit(options.limit);
  const wish = options.state === undefined ? {} : parseStateWord(options.state);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const pageToken = options.page ?? "";
  const response = await mesh.clients.relay.listPayments({ pageSize, pageToken, ...wish });
  if (options.json === true) {
    printMessage(io, ListPaymentsResponseSchema, response);
    return EXIT_CODES.approved;
  }
  const { payments, nextPageToken } = response;
  if (payments.length === 0) {
    io.print("No payments yet. Take one: pay 12.50 EUR --card visa");
    return EXIT_CODES.approved;
  }
  const rows = payments.map((payment) => recordRow(payment));
  for (const line of tableLines(RECORD_COLUMNS, rows, io.paint)) io.print(line);
  if (nextPageToken !== "") io.tell(io.paint("dim", `More: --page ${nextPageToken}`));
  return EXIT_CODES.approved;
}
