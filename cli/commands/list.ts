import { openRunningMesh } from "../../dev-mesh/clients.ts";
import { ListPaymentsResponseSchema } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { EXIT_CODES } from "../command-end.ts";
import { type CommandIo, parseLimit, printMessage } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { RECORD_COLUMNS, recordRow } from "../print/record-lines.ts";
import { tableLines } from "../print/text.ts";
import { parseStateWord } from "../print/words.ts";

export const LIST_FLAGS = {
  "-n, --limit <count>": { says: "how many, 1 to 500", default: "20" },
  "--state <state>": "only payments in this state: approved, declined, unknown …",
  "--page <token>": "the page after another one",
} satisfies Flags;

/** Prints the newest payments. @returns the exit code. */
export async function list(io: CommandIo, options: OptionsOf<typeof LIST_FLAGS>): Promise<number> {
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
