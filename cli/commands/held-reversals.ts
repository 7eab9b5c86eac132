import { openRunningMesh, type RunningMesh } from "../../dev-mesh/clients.ts";
import {
  type HeldReversal,
  HeldReversalDecision,
  HoldReason,
  ListHeldReversalsResponseSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { PAGE_SIZE_MAX } from "../../mesh/list-request.ts";
import { printable } from "../../mesh/printable.ts";
import { formatMoney, parseCurrency } from "../../payment/money.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import { type CommandIo, type CommonOptions, parseLimit, printMessage } from "../io/command-io.ts";
import type { OptionsOf } from "../io/flags.ts";
import { parsePaymentName } from "../payment-name.ts";
import { groupedRecordNumber } from "../print/receipt.ts";
import { type Column, formatWhen, tableLines } from "../print/text.ts";
import { stateWord } from "../print/words.ts";
import type { REVERSALS_FLAGS } from "./reversals.ts";

const COLUMNS: readonly Column[] = [
  { heading: "Record" },
  { heading: "Payment id" },
  { heading: "Merchant" },
  { heading: "Amount", isRight: true },
  { heading: "Relay" },
  { heading: "Why" },
  { heading: "Approved" },
  { heading: "Ordered" },
];

const REASON_WORDS: Readonly<Record<HoldReason, string>> = {
  [HoldReason.UNSPECIFIED]: "",
  [HoldReason.RELAY_NOT_ACTIVE]: "relay not active",
  [HoldReason.LATE]: "late",
};

/** Prints orders to undo a payment that wait for an operator. @returns the exit code. */
export async function heldReversals(
  io: CommandIo,
  options: OptionsOf<typeof REVERSALS_FLAGS>,
): Promise<number> {
  const limit = parseLimit(options.limit);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const response = await mesh.clients.processorOversight.listHeldReversals({ limit });
  if (options.json === true) {
    printMessage(io, ListHeldReversalsResponseSchema, response);
    return EXIT_CODES.approved;
  }
  if (response.reversals.length === 0) {
    io.print("No reversal waits for you.");
    return EXIT_CODES.approved;
  }
  for (const line of tableLines(COLUMNS, response.reversals.map(rowOf), io.paint)) io.print(line);
  const more = response.total - BigInt(response.reversals.length);
  if (more > 0n) io.tell(io.paint("dim", `${more} more: --limit`));
  return EXIT_CODES.approved;
}

/** Undoes a payment whose reversal waits, or lets its approval stand. @returns the exit code. */
export async function decideReversal(
  io: CommandIo,
  { name, decision }: { readonly name: string; readonly decision: "RELEASE" | "REFUSE" },
  options: CommonOptions,
): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const { merchantId, paymentId } = await waitingOrder(mesh, name);
  const { state } = await mesh.clients.processorOversight.decideHeldReversal({
    merchantId,
    paymentId,
    decision: HeldReversalDecision[decision],
  });
  io.print(`${paymentId} is ${stateWord(state)}. Its relay hears of it within an hour.`);
  return EXIT_CODES.approved;
}

async function waitingOrder(mesh: RunningMesh, name: string): Promise<HeldReversal> {
  const { case: field, value } = parsePaymentName(name);
  const { reversals } = await mesh.clients.processorOversight.listHeldReversals({
    limit: PAGE_SIZE_MAX,
  });
  const found = reversals.find((one) => one[field] === value);
  if (found !== undefined) return found;
  throw new CommandError("USAGE", "no reversal of this payment waits: cardlane reversals held");
}

function rowOf(one: HeldReversal): readonly string[] {
  return [
    groupedRecordNumber(one.recordNumber),
    one.paymentId,
    one.merchantId,
    formatMoney({ amountMinor: one.approvedAmountMinor, currency: parseCurrency(one.currency) }),
    printable(one.relayId),
    REASON_WORDS[one.reason] ?? "",
    formatWhen(Number(one.approvedAtMs)),
    formatWhen(Number(one.orderedAtMs)),
  ];
}
