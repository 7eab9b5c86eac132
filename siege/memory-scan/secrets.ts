import { CANARY_PIN, findTestCard } from "../../payment/test-cards.ts";

const card = findTestCard("canary");
if (card === undefined) throw new Error("bug: the canary card is missing");

/** Format 4 of ISO 9564-1: control nibble, length, digits, fill. The random half follows. */
const CLEAR_PIN_FIELD = `4${CANARY_PIN.length.toString(16)}${CANARY_PIN}aa`;

/** Each form that a program's memory can hold the canary card's number and PIN in. */
export const SECRETS = {
  "number, ASCII": Buffer.from(card.number, "latin1"),
  "number, UTF-16": Buffer.from(card.number, "utf16le"),
  "number, BCD": Buffer.from(card.number, "hex"),
  "PIN, ASCII": Buffer.from(CANARY_PIN, "latin1"),
  "PIN, UTF-16": Buffer.from(CANARY_PIN, "utf16le"),
  "PIN block": Buffer.from(CLEAR_PIN_FIELD, "hex"),
} as const;
