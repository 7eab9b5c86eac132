import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { CardDataSchema, EntryMode } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { TEST_CARDS } from "../../payment/test-cards.ts";
import { cardDataBytesMax } from "../../sealing/boxes/card-box.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { cardDataOf, readTestCard } from "./card-reading.ts";

const facts = {
  amountMinor: 1_250n,
  currency: currencyFromLetters("EUR"),
  country: 276,
  counter: 7n,
  timeMs: Date.UTC(2026, 0, 2),
  random: seededRandom("card reading"),
};
const read = (card: string, entryMode: EntryMode) =>
  fromBinary(CardDataSchema, cardDataOf(readTestCard(card, entryMode), facts));

describe("card data", () => {
  test("of a chip has EMV objects and no track 2", () => {
    const { pan, cardSequenceNumber, track2, serviceCode, emvData } = read("visa", EntryMode.CHIP);
    expect({ pan, cardSequenceNumber, track2, serviceCode }).toEqual({
      pan: "4242424242424242",
      cardSequenceNumber: 1,
      track2: "",
      serviceCode: "",
    });
    const hex = Buffer.from(emvData).toString("hex");
    expect(hex).toMatch(/^9f2608[0-9a-f]{16}9f270180/);
    expect(hex).toContain("9a03260102");
    expect(hex).toContain("9f0206000000001250");
    expect(hex).toContain("5f2a020978");
    expect(hex).not.toContain("4242");
  });

  test("of a stripe has track 2 and no EMV objects", () => {
    const { track2, serviceCode, emvData, cardSequenceNumber } = read("visa", EntryMode.MAGSTRIPE);
    expect(track2).toMatch(/^4242424242424242=341220100000\d{3}$/);
    expect({ serviceCode, emvData: emvData.length, cardSequenceNumber }).toEqual({
      serviceCode: "201",
      emvData: 0,
      cardSequenceNumber: undefined,
    });
  });

  test.each(TEST_CARDS.map(({ name }) => name))("of %s fits into its box", (name) => {
    for (const entryMode of [EntryMode.CHIP, EntryMode.MAGSTRIPE]) {
      const bytes = cardDataOf(readTestCard(name, entryMode), facts);
      expect(bytes.length).toBeLessThanOrEqual(cardDataBytesMax);
      expect(read(name, entryMode).track2.length).toBeLessThanOrEqual(37);
    }
  });
});

test.each(["4111111111111111", "5500005555555559", "", "nobody's card"])(
  "no other card than a test card is read: %s",
  (card) => {
    expect(() => readTestCard(card, EntryMode.CHIP)).toThrow(
      "card must be the name or number of a test card",
    );
  },
);
