import {
  Certainty,
  EntryMode,
  NextStep,
  PaymentKind,
  PaymentState,
  Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { CommandError } from "../command-end.ts";

/** What the values of the contracts are called in front of people. */
export const kindWord = (kind: PaymentKind): string => wordOf(KIND_WORDS, kind);

export const entryModeWord = (mode: EntryMode): string => wordOf(ENTRY_MODE_WORDS, mode);

export const verificationWord = (verification: Verification): string =>
  wordOf(VERIFICATION_WORDS, verification);

export const stateWord = (state: PaymentState): string => wordOf(STATE_WORDS, state);

/** The state of a record, or "unknown" where the relay says that DECLINED is not its end. */
export function recordStateWord(record: {
  readonly state: PaymentState;
  readonly certainty: Certainty;
}): string {
  const { DECLINED, UNSPECIFIED } = PaymentState;
  const isNoEnd = record.state === DECLINED && record.certainty === Certainty.UNKNOWN;
  return stateWord(isNoEnd ? UNSPECIFIED : record.state);
}

/**
 * The other way round, for `--state`: which records have that word.
 *
 * @throws CommandError USAGE naming the words.
 */
export function parseStateWord(text: string): {
  readonly state: PaymentState;
  readonly certainty: Certainty;
} {
  const { DECLINED, UNSPECIFIED } = PaymentState;
  const { FINAL, UNKNOWN } = Certainty;
  const states = Object.values(PaymentState).filter((state) => state !== UNSPECIFIED);
  const words = [...states.map(stateWord), stateWord(UNSPECIFIED)];
  if (text === stateWord(UNSPECIFIED)) return { state: DECLINED, certainty: UNKNOWN };
  const state = states.find((one) => stateWord(one) === text);
  if (state === DECLINED) return { state, certainty: FINAL };
  if (state !== undefined) return { state, certainty: Certainty.UNSPECIFIED };
  throw new CommandError("USAGE", `--state must be one of ${words.join(", ")}`);
}

/** An instruction; empty when there is nothing to do. */
export const nextStepWord = (step: NextStep): string => wordOf(NEXT_STEP_WORDS, step);

export const deviceStateWord = (state: DeviceState): string => wordOf(DEVICE_STATE_WORDS, state);

/** A newer program may say what this one has no word for. */
function wordOf(words: Readonly<Record<number, string>>, value: number): string {
  return words[value] ?? `not known (${value})`;
}

const KIND_WORDS: Readonly<Record<PaymentKind, string>> = {
  [PaymentKind.UNSPECIFIED]: "payment",
  [PaymentKind.SALE]: "sale",
  [PaymentKind.AUTHORIZATION]: "authorization",
  [PaymentKind.INCREMENTAL_AUTHORIZATION]: "incremental authorization",
  [PaymentKind.CAPTURE]: "capture",
  [PaymentKind.VOID]: "void",
  [PaymentKind.REFUND]: "refund",
  [PaymentKind.BALANCE_ENQUIRY]: "balance enquiry",
  [PaymentKind.TIP_ADJUSTMENT]: "tip adjustment",
  [PaymentKind.OFFLINE_SALE]: "offline sale",
  [PaymentKind.DEFERRED_SALE]: "deferred sale",
};

const ENTRY_MODE_WORDS: Readonly<Record<EntryMode, string>> = {
  [EntryMode.UNSPECIFIED]: "not read",
  [EntryMode.CHIP]: "chip",
  [EntryMode.CONTACTLESS]: "contactless",
  [EntryMode.MAGSTRIPE]: "magnetic stripe",
  [EntryMode.FALLBACK]: "magnetic stripe, chip not readable",
};

const VERIFICATION_WORDS: Readonly<Record<Verification, string>> = {
  [Verification.UNSPECIFIED]: "not known",
  [Verification.NONE]: "none",
  [Verification.ONLINE_PIN]: "PIN",
  [Verification.OFFLINE_PIN]: "PIN, by the chip",
  [Verification.SIGNATURE]: "signature",
  [Verification.DEVICE]: "holder's device",
};

const STATE_WORDS: Readonly<Record<PaymentState, string>> = {
  [PaymentState.UNSPECIFIED]: "unknown",
  [PaymentState.RECEIVED]: "received",
  [PaymentState.FORWARDED]: "forwarded",
  [PaymentState.APPROVED]: "approved",
  [PaymentState.AUTHORIZED]: "authorized",
  [PaymentState.DECLINED]: "declined",
  [PaymentState.REVERSING]: "reversing",
  [PaymentState.REVERSED]: "reversed",
  [PaymentState.CAPTURED]: "captured",
  [PaymentState.VOIDED]: "voided",
  [PaymentState.EXPIRED]: "expired",
};

const NEXT_STEP_WORDS: Readonly<Record<NextStep, string>> = {
  [NextStep.UNSPECIFIED]: "",
  [NextStep.NONE]: "",
  [NextStep.RETRY_SAME_ID]: "send it again with the same id; that can not charge twice",
  [NextStep.ENTER_PIN]: "try again with the right PIN",
  [NextStep.INSERT_CARD]: "insert the card and try again",
  [NextStep.WAIT_FOR_REVERSAL]: "hand over nothing; it is being undone",
  [NextStep.DO_NOT_RETRY]: "do not try this again",
  [NextStep.USE_ANOTHER_CARD]: "ask for another card",
  [NextStep.WAIT]: "wait; the answer is on its way",
  [NextStep.CORRECT_REQUEST]: "correct the request; it can never be accepted as it is",
  [NextStep.ASK_OPERATOR]: "hand over nothing; an operator of the processor has to look at it",
};

const DEVICE_STATE_WORDS: Readonly<Record<DeviceState, string>> = {
  [DeviceState.UNSPECIFIED]: "not known",
  [DeviceState.ACTIVE]: "active",
  [DeviceState.SUSPENDED]: "suspended",
  [DeviceState.RETIRED]: "retired",
};
