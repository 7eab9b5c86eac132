import { create } from "@bufbuild/protobuf";
import { openRunningMesh } from "../../dev-mesh/clients.ts";
import { ListCardsResponseSchema } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { Pan } from "../../payment/card.ts";
import { needsPin, TEST_CARDS, type TestCard, testPinOf } from "../../payment/test-cards.ts";
import { EXIT_CODES } from "../command-end.ts";
import { type CommandIo, type CommonOptions, printMessage } from "../io/command-io.ts";
import { getPaymentRequest, parsePaymentName } from "../payment-name.ts";
import { type Column, tableLines } from "../print/text.ts";
import { entryModeWord } from "../print/words.ts";

const COLUMNS: readonly Column[] = [
  { heading: "Name" },
  { heading: "Number" },
  { heading: "PIN" },
  { heading: "Presented by" },
  { heading: "Provokes" },
];

const LOCKED_HELP =
  "Three wrong PINs lock a card, a right one before that gives all tries back. " +
  "To unlock the card of a payment: cardlane cards unlock A1…";

/** Prints the test cards; needs no running mesh. @returns the exit code. */
export async function cards(io: CommandIo, options: CommonOptions): Promise<number> {
  if (options.json === true) {
    const listed = TEST_CARDS.map((card) => ({
      name: card.name,
      number: card.number,
      scheme: Pan.parse(card.number).scheme,
      provokes: card.provokes,
      pin: pinOf(card),
    }));
    printMessage(io, ListCardsResponseSchema, create(ListCardsResponseSchema, { cards: listed }));
    return EXIT_CODES.approved;
  }
  const rows = TEST_CARDS.map((card) => [
    card.name,
    card.number,
    pinOf(card),
    entryModeWord(card.entryMode),
    card.provokes,
  ]);
  for (const line of tableLines(COLUMNS, rows, io.paint)) io.print(line);
  io.tell(LOCKED_HELP);
  return EXIT_CODES.approved;
}

/** Gives the card of a payment all its PIN tries back. @returns the exit code. */
export async function unlockCard(
  io: CommandIo,
  name: string,
  options: CommonOptions,
): Promise<number> {
  const key = parsePaymentName(name);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const { payment } = await mesh.clients.relay.getPayment(getPaymentRequest(key, mesh.directory));
  await mesh.clients.pinOversight.unlockCard({ paymentId: payment?.paymentId ?? "" });
  io.print(`The card of ${name} has all its PIN tries again.`);
  return EXIT_CODES.approved;
}

function pinOf(card: TestCard): string {
  return needsPin(card.verification) ? testPinOf(card) : "";
}
