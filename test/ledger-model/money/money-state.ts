import type { MoneyRules } from "./money-rules.ts";

/** UNDONE was posted and posted back; VOID was never posted, and never will be. */
export type Ending = "APPROVED" | "UNDONE" | "VOID";

/** What a program can ask a server about itself. */
export interface Server {
  system: number;
  timeline: number;
  /** Drawn each time that it starts. */
  start: number;
}

export interface Epoch {
  number: number;
  name: number;
  /** The one that it was raised on. */
  server: Server;
}

/** Highest revision of a payment at the relay. */
export interface RelayRecord {
  state: "FORWARDED" | "REVERSING" | Ending;
  /** Name of the epoch in which it was recorded; 0 for one that the processor told. */
  epoch: number;
  /** The processor's life that confirmed the acknowledgement; 0 for none. */
  confirmedBy: number;
}

export interface RelayDatabase {
  server: Server;
  /** The newest; nobody asks for those before. */
  epoch: Epoch;
  records: (RelayRecord | null)[];
}

export interface ProcessorDatabase {
  life: number;
  /** The newest epoch of the relay that was heard of. */
  epochNumber: number;
  epochName: number;
  payments: ({ state: Ending; isKept: boolean } | null)[];
  /** For a person to decide. */
  listed: boolean[];
}

export interface Message {
  kind:
    | "forward"
    | "ask"
    | "reverse"
    | "acknowledge"
    // What a processor has read, and not written yet.
    | "decide"
    | "answer"
    | "confirm"
    | "refused";
  payment: number;
  /** The relay program that sent it, or is to get it. */
  relay: number;
  number: number;
  name: number;
  /** In answer to what; nothing for others. */
  to: "forward" | "ask" | "reverse" | "";
  state: Ending | "NONE" | "";
  life: number;
}

/** What a terminal is doing about its payment, or the end that it was told. */
export type Terminal = "WAITS" | "CANCELS" | "GONE" | "TOLD APPROVED" | "TOLD NOTHING";

export interface MoneyState {
  relay: RelayDatabase;
  relayBackup: RelayDatabase | null;
  processor: ProcessorDatabase;
  processorBackup: ProcessorDatabase | null;
  /** What is on its way, sorted. It is the programs' only memory. */
  wire: Message[];
  terminals: Terminal[];
  /** Payments of which a restore has taken something away. */
  relayLost: boolean[];
  processorLost: boolean[];
  faultsLeft: number;
  /** Random numbers, in the order in which they are drawn. */
  drawn: number;
}

export interface MoneyWorld {
  readonly payments: number;
  readonly relays: number;
  readonly faults: number;
  /** Which faults there are. */
  readonly of: readonly Fault[];
  /** Whether terminals may cancel, and vanish. */
  readonly hasPeople: boolean;
  /** Whether records may become overdue. */
  readonly hasDeadlines: boolean;
  readonly rules: MoneyRules;
}

export const FAULTS = [
  "relay killed",
  "processor killed",
  "relay database killed",
  "relay database restored",
  "relay database copied back",
  "relay database dumped into a new cluster",
  "relay standby promoted",
  "processor database restored",
] as const;

export type Fault = (typeof FAULTS)[number];

export function initialState({ payments, faults }: MoneyWorld): MoneyState {
  const each = <Value>(value: Value) => Array.from({ length: payments }, () => value);
  const server = { system: 1, timeline: 1, start: 1 };
  return {
    relay: {
      server: { ...server },
      epoch: { number: 1, name: 1, server },
      records: each(null),
    },
    relayBackup: null,
    processor: {
      life: 1,
      epochNumber: 1,
      epochName: 1,
      payments: each(null),
      listed: each(false),
    },
    processorBackup: null,
    wire: [],
    terminals: each("WAITS"),
    relayLost: each(false),
    processorLost: each(false),
    faultsLeft: faults,
    drawn: 1,
  };
}

/** The epoch in which statements write now; undefined until somebody raises one. */
export function epochNow({ epoch, server }: RelayDatabase, rules: MoneyRules): Epoch | undefined {
  if (!rules.has("epochRaised")) return epoch;
  const isSame =
    epoch.server.system === server.system &&
    epoch.server.timeline === server.timeline &&
    (!rules.has("identityHasStart") || epoch.server.start === server.start);
  return isSame ? epoch : undefined;
}

export function draw(state: MoneyState): number {
  state.drawn += 1;
  return state.drawn;
}

export function raiseEpoch(state: MoneyState, rules: MoneyRules, above = 0): void {
  const { epoch, server } = state.relay;
  const number = Math.max(epoch.number, above) + 1;
  const name = rules.has("epochHasName") ? draw(state) : number;
  state.relay.epoch = { number, name, server: { ...server } };
}

export function send(state: MoneyState, message: Message): undefined {
  if (!isOnTheWay(state, message)) state.wire.push(message);
}

export function isOnTheWay({ wire }: MoneyState, message: Message): boolean {
  return wire.some((one) => compareMessages(one, message) === 0);
}

export function compareMessages(one: Message, other: Message): number {
  return (
    one.payment - other.payment ||
    one.name - other.name ||
    one.number - other.number ||
    one.relay - other.relay ||
    one.life - other.life ||
    compareTexts(one.kind, other.kind) ||
    compareTexts(one.to, other.to) ||
    compareTexts(one.state, other.state)
  );
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

export function isEnding(state: RelayRecord["state"] | Message["state"]): state is Ending {
  return state === "APPROVED" || state === "UNDONE" || state === "VOID";
}
