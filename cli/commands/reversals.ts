import { openRunningMesh } from "../../dev-mesh/clients.ts";
import {
  ListReversalsResponseSchema,
  type OpenReversal,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { formatMoney, parseCurrency } from "../../payment/money.ts";
import { EXIT_CODES } from "../command-end.ts";
import { type CommandIo, parseLimit, printMessage } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { groupedRecordNumber } from "../print/receipt.ts";
import { type Column, formatDuration, tableLines } from "../print/text.ts";

export const REVERSALS_FLAGS = {
  "-n, --limit <count>": { says: "how many, 1 to 500", default: "50" },
} satisfies Flags;

const COLUMNS: readonly Column[] = [
  { heading: "Record" },
  { heading: "Payment id" },
  { heading: "Merchant" },
  { heading: "Amount", isRight: true },
  { heading: "Age", isRight: true },
  { heading: "Attempts", isRight: true },
  { heading: "Next attempt" },
  { heading: "Relay" },
];

/** Prints reversals that the processor has not acknowledged yet. @returns the exit code. */
export async function reversals(
  io: CommandIo,
  options: OptionsOf<typeof REVERSALS_FLAGS>,
): Promise<number> {
  const limit = parseLimit(options.limit);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const response = await mesh.clients.relayOversight.listReversals({ limit });
  if (options.json === true) {
    printMessage(io, ListReversalsResponseSchema, response);
    return EXIT_CODES.approved;
  }
  const { total } = response;
  if (response.reversals.length === 0) {
    io.print("No reversal is open.");
    return EXIT_CODES.approved;
  }
  const rows = response.reversals.map((reversal) => rowOf(reversal, io.clock.nowMs()));
  for (const line of tableLines(COLUMNS, rows, io.paint)) io.print(line);
  const more = total - BigInt(response.reversals.length);
  if (more > 0n) io.tell(io.paint("dim", `${more} more: --limit`));
  return EXIT_CODES.approved;
}

function rowOf(reversal: OpenReversal, nowMs: number): readonly string[] {
  const { totalMinor, currency } = reversal;
  // Of a payment that was cancelled before it came, nothing but its id is known.
  const amount = currency === 0 ? "" : moneyOf(totalMinor, currency);
  const dueInMs = Number(reversal.nextAttemptAtMs) - nowMs;
  return [
    groupedRecordNumber(reversal.recordNumber),
    reversal.paymentId,
    reversal.merchantId,
    amount,
    formatDuration(Math.max(0, nowMs - Number(reversal.orderedAtMs))),
    String(reversal.attempts),
    dueInMs > 0 ? `in ${formatDuration(dueInMs)}` : "now",
    printable(reversal.leaseOwner),
  ];
}

function moneyOf(amountMinor: bigint, currency: number): string {
  return formatMoney({ amountMinor, currency: parseCurrency(currency) });
}
