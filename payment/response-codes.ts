import { NextStep } from "../gen/cardlane/payment/v1/payment_pb.ts";

/** One response code (ISO 8583:1987 DE 39) as people and tills need it. */
interface ResponseCode {
  readonly code: string;
  readonly isApproval: boolean;
  /** For a cashier, in English. */
  readonly meaning: string;
  readonly nextStep: NextStep;
}

export const WRONG_PIN = "55";
export const CHIP_AND_PIN_WANTED = "1A";

const CODES: readonly ResponseCode[] = [
  approval("00", "Approved"),
  approval("10", "Approved for a part of the amount"),
  approval("11", "Approved (VIP)"),
  approval("85", "Card is valid"),
  decline("01", "Call the card's bank", "USE_ANOTHER_CARD"),
  decline("03", "Merchant is not known", "DO_NOT_RETRY"),
  decline("04", "Keep the card", "DO_NOT_RETRY"),
  decline("05", "Declined by the card's bank", "USE_ANOTHER_CARD"),
  decline("12", "Not possible with this card", "USE_ANOTHER_CARD"),
  decline("13", "Amount is not possible", "CORRECT_REQUEST"),
  decline("14", "Card number is not known", "USE_ANOTHER_CARD"),
  decline("25", "Original payment not found", "DO_NOT_RETRY"),
  decline("30", "Message could not be read", "CORRECT_REQUEST"),
  decline("41", "Card was reported lost", "DO_NOT_RETRY"),
  decline("43", "Card was reported stolen", "DO_NOT_RETRY"),
  decline("51", "Not enough money", "USE_ANOTHER_CARD"),
  decline("54", "Card has expired", "USE_ANOTHER_CARD"),
  decline(WRONG_PIN, "Wrong PIN", "ENTER_PIN"),
  decline("57", "Not allowed with this card", "USE_ANOTHER_CARD"),
  decline("58", "Not allowed at this terminal", "DO_NOT_RETRY"),
  decline("61", "Over the card's limit", "USE_ANOTHER_CARD"),
  decline("62", "Card is restricted", "USE_ANOTHER_CARD"),
  decline("63", "Security check failed", "DO_NOT_RETRY"),
  decline("65", "Used too often today", "USE_ANOTHER_CARD"),
  decline("68", "Answer came too late", "USE_ANOTHER_CARD"),
  decline("75", "Too many wrong PINs", "DO_NOT_RETRY"),
  decline("88", "Sealed data could not be opened", "DO_NOT_RETRY"),
  decline("91", "Card's bank cannot be reached", "USE_ANOTHER_CARD"),
  decline("92", "Payment cannot be routed", "DO_NOT_RETRY"),
  decline("94", "Sent twice", "DO_NOT_RETRY"),
  decline("96", "Processing error", "USE_ANOTHER_CARD"),
  decline(CHIP_AND_PIN_WANTED, "Insert the card and enter the PIN", "INSERT_CARD"),
];

const BY_CODE = new Map(CODES.map((entry) => [entry.code, entry]));

/** All codes that cardlane gives. */
export const RESPONSE_CODES: readonly ResponseCode[] = CODES;

/** The row of `code`; a code of nobody's list counts as a plain decline. */
export function responseCode(code: string): ResponseCode {
  return BY_CODE.get(code) ?? decline(code, "Declined", "USE_ANOTHER_CARD");
}

/** Codes whose reason is between bank and shop: a holder hears of a decline, and no more. */
const HUSHED: readonly string[] = ["04", "41", "43", "62", "63"];

/** The code to show to the holder of the card: a plain decline for what is not for all ears. */
export function codeForHolder(code: string): string {
  return HUSHED.includes(code) ? PLAIN_DECLINE : code;
}

const PLAIN_DECLINE = "05";

/** Whether the same payment may be tried once more, with another PIN or with the chip. */
export function mayBeRepeated(code: string): boolean {
  return code === WRONG_PIN || code === CHIP_AND_PIN_WANTED;
}

function approval(code: string, meaning: string): ResponseCode {
  return { code, isApproval: true, meaning, nextStep: NextStep.NONE };
}

function decline(code: string, meaning: string, nextStep: keyof typeof NextStep): ResponseCode {
  return { code, isApproval: false, meaning, nextStep: NextStep[nextStep] };
}
