import type { Model, Move } from "./explore.ts";

/** What is on its way between relay and processor. It may be lost, and overtaken. */
type Message =
  | "pay"
  | "ask"
  | "reverse"
  | "ack"
  | "approved"
  /** The approval, as the answer to an order to undo it. */
  | "kept"
  | "never"
  | "undone"
  | "confirmed";

interface RelayDatabase {
  readonly record: "none" | "forwarded" | "approved" | "reversing" | "reversed";
  /** Everything up to the outcome is confirmed. */
  readonly isMarked: boolean;
}

/** One payment, one relay, its database, and one processor. */
interface State {
  readonly database: RelayDatabase;
  /** The record was written before the database was restored. */
  readonly isFromBefore: boolean;
  readonly isUp: boolean;
  /** In the relay's memory. */
  readonly isOnItsWay: boolean;
  readonly isUnconfirmed: boolean;
  readonly processor: "none" | "approved" | "undone";
  readonly isAcknowledged: boolean;
  readonly network: readonly Message[];
  /** What the terminal was told as final. */
  readonly told: "nothing" | "approved" | "undone";
  readonly isLate: boolean;
  readonly backup: RelayDatabase | null;
  readonly faultsLeft: number;
}

/** Rules that hold the promise up. A test takes out one after the other. */
export interface PaymentRules {
  /** After a restore the processor is asked before a payment is undone. */
  readonly asksFirst: boolean;
  /** An acknowledgement is sent again until it is confirmed. */
  readonly repeatsAcknowledgements: boolean;
  /** After a restart the log behind the mark is acknowledged. */
  readonly acknowledgesFromLog: boolean;
  /** A restore takes longer than an order of the run before is on its way. */
  readonly ordersAreGone: boolean;
  /** The processor's REVERSED ends a payment that the relay thinks is on its way. */
  readonly takesUndone: boolean;
}

export const ALL_PAYMENT_RULES: PaymentRules = {
  asksFirst: true,
  repeatsAcknowledgements: true,
  acknowledgesFromLog: true,
  ordersAreGone: true,
  takesUndone: true,
};

const BEGINS: State = {
  database: { record: "none", isMarked: false },
  isFromBefore: false,
  isUp: true,
  isOnItsWay: false,
  isUnconfirmed: false,
  processor: "none",
  isAcknowledged: false,
  network: [],
  told: "nothing",
  isLate: false,
  backup: null,
  faultsLeft: 0,
};

export function paymentModel(rules: PaymentRules, faults: number): Model<State> {
  return {
    begins: { ...BEGINS, faultsLeft: faults },
    moves: (state) => [
      ...arrivals(state, rules),
      ...(state.isUp ? relayMoves(state, rules) : [restarted(state, rules)]),
      ...clockMoves(state),
      ...(state.faultsLeft > 0 ? faultMoves(state, rules) : []),
    ],
    problem({ told, processor }) {
      if (told === "approved" && processor !== "approved") return "what was told is undone";
      if (told === "undone" && processor === "approved") return "what was told undone is charged";
      return undefined;
    },
    unsettled({ database: { record }, processor, isAcknowledged, told }) {
      if (record === "forwarded" || record === "reversing") return "a payment has no end";
      const isKnown = record !== "none";
      if (isKnown && processor === "approved" && !isAcknowledged) return "it is not acknowledged";
      // Of a lost record the terminal that was told knows; reconcile names it.
      if (!isKnown && processor === "approved" && told === "nothing") return "nobody knows of it";
      return undefined;
    },
  };
}

const sent = (state: State, message: Message): State =>
  state.network.includes(message)
    ? state
    : { ...state, network: [...state.network, message].sort() };

const withRecord = (state: State, record: RelayDatabase["record"]): State => ({
  ...state,
  database: { ...state.database, record },
});

function arrivals(state: State, rules: PaymentRules): readonly Move<State>[] {
  return state.network.flatMap((message) => {
    const network = state.network.filter((one) => one !== message);
    const rest = { ...state, network };
    const to = AT_PROCESSOR.includes(message)
      ? atProcessor(rest, message)
      : state.isUp
        ? atRelay(rest, message, rules)
        : undefined;
    return to === undefined ? [] : [{ says: `"${message}" arrives`, to }];
  });
}

const AT_PROCESSOR: readonly Message[] = ["pay", "ask", "reverse", "ack"];

function atProcessor(state: State, message: Message): State {
  const { processor, isAcknowledged } = state;
  if (message === "ack") {
    return sent({ ...state, isAcknowledged: processor === "approved" }, "confirmed");
  }
  if (message === "reverse") {
    const isKept = processor === "approved" && isAcknowledged;
    return isKept ? sent(state, "kept") : sent({ ...state, processor: "undone" }, "undone");
  }
  if (processor === "undone") return sent(state, "undone");
  if (processor === "approved") return sent(state, "approved");
  const isInTime = message === "pay" && !state.isLate;
  return isInTime ? sent({ ...state, processor: "approved" }, "approved") : sent(state, "never");
}

function atRelay(state: State, message: Message, rules: PaymentRules): State {
  const { record } = state.database;
  const done = { ...state, isOnItsWay: false };
  switch (message) {
    case "approved":
      // An answer that nobody waits for any more is not heard.
      if (record !== "forwarded" || !state.isOnItsWay) return state;
      return { ...withRecord(done, "approved"), isUnconfirmed: true };
    case "kept":
      if (record !== "reversing") return state;
      return { ...withRecord(done, "approved"), isUnconfirmed: true };
    case "never":
      if (record !== "forwarded" || !state.isOnItsWay) return state;
      return state.isLate ? sent(withRecord(done, "reversing"), "reverse") : done;
    case "undone":
      if (record === "reversing") return withRecord(state, "reversed");
      if (record !== "forwarded" || !state.isOnItsWay || !rules.takesUndone) return done;
      return sent(withRecord(done, "reversing"), "reverse");
    case "confirmed":
      if (!state.isUnconfirmed) return state;
      return {
        ...state,
        isUnconfirmed: false,
        database: { ...state.database, isMarked: true },
      };
    default:
      return state;
  }
}

function relayMoves(state: State, rules: PaymentRules): readonly Move<State>[] {
  const { database, isOnItsWay, isLate, told, isUnconfirmed } = state;
  const { record } = database;
  const moves: Move<State>[] = [];
  const add = (says: string, to: State) => void moves.push({ says, to });
  if (record === "none" && told === "nothing") {
    const forwarded = { ...withRecord(state, "forwarded"), isOnItsWay: true, isFromBefore: false };
    add("the terminal brings the payment", sent(forwarded, "pay"));
  }
  if (record === "approved" && told === "nothing") {
    add("the terminal hears that it is approved", { ...state, told: "approved" });
  }
  if (record === "reversed" && told === "nothing") {
    add("the terminal hears that it is undone", { ...state, told: "undone" });
  }
  if (record === "forwarded" && !isLate && !isOnItsWay) {
    add("the relay sends it again", sent({ ...state, isOnItsWay: true }, "pay"));
  }
  if (record === "forwarded" && isLate) {
    const isAsked = state.isFromBefore && rules.asksFirst;
    const givenUp = withRecord({ ...state, isOnItsWay: false }, "reversing");
    if (isAsked) add("the relay asks", sent({ ...state, isOnItsWay: true }, "ask"));
    else add("the relay gives it up", sent(givenUp, "reverse"));
  }
  if (record === "reversing") add("the relay repeats the order", sent(state, "reverse"));
  if (isUnconfirmed) add("the relay acknowledges", sent(onceAcknowledged(state, rules), "ack"));
  return moves;
}

/** Without repeats it is sent once, and then forgotten. */
function onceAcknowledged(state: State, rules: PaymentRules): State {
  return rules.repeatsAcknowledgements ? state : { ...state, isUnconfirmed: false };
}

function restarted(state: State, rules: PaymentRules): Move<State> {
  const { record, isMarked } = state.database;
  const isBehind = record === "approved" && !isMarked && rules.acknowledgesFromLog;
  return { says: "the relay starts", to: { ...state, isUp: true, isUnconfirmed: isBehind } };
}

function clockMoves(state: State): readonly Move<State>[] {
  if (state.isLate || state.database.record === "none") return [];
  return [{ says: "its time is over", to: { ...state, isLate: true } }];
}

function faultMoves(state: State, rules: PaymentRules): readonly Move<State>[] {
  const faultsLeft = state.faultsLeft - 1;
  const dead = { isUp: false, isOnItsWay: false, isUnconfirmed: false };
  const moves: Move<State>[] = state.network.map((message) => ({
    says: `"${message}" is lost`,
    to: { ...state, faultsLeft, network: state.network.filter((one) => one !== message) },
    isFault: true,
  }));
  // Answers come on the streams of a run, and end with it.
  const underWay = state.network.filter((one) => AT_PROCESSOR.includes(one));
  if (state.isUp) {
    const to = { ...state, ...dead, network: underWay, faultsLeft };
    moves.push({ says: "the relay dies", to, isFault: true });
  }
  const { backup, database } = state;
  if (backup === null) {
    moves.push({ says: "a backup", to: { ...state, backup: database }, isFault: true });
  } else {
    const isFromBefore = backup.record !== "none";
    const network = underWay.filter((one) => one !== "reverse" || !rules.ordersAreGone);
    const restored = { ...state, ...dead, database: backup, isFromBefore, faultsLeft, network };
    moves.push({ says: "the backup is restored", to: restored, isFault: true });
  }
  return moves;
}
