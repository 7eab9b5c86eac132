import type { LogRules } from "./log-rules.ts";

interface Server {
  system: number;
  timeline: number;
  start: number;
}

interface Epoch {
  number: number;
  name: number;
  server: Server;
  /** No event of it has this transaction or a later one; 0 while it is the newest. */
  endsBefore: number;
}

/** Where something stands in the log. */
interface Position {
  number: number;
  name: number;
  transaction: number;
}

interface LogEvent extends Position {
  /** Which event it is: what programs cannot know, and the model checks by. */
  what: number;
}

interface Log {
  server: Server;
  nextTransaction: number;
  epochs: Epoch[];
  events: LogEvent[];
  /** Up to where the webhook's deliveries were taken over. */
  delivered: Position;
}

interface Writer {
  /** Name of the epoch that it has read; undefined when it is not writing. */
  epoch: { number: number; name: number } | null;
  /** 0 until it has one. */
  transaction: number;
  /** What a program that does not read the epoch in its statement has in memory. */
  remembered: { number: number; name: number };
}

export interface LogState {
  log: Log;
  backup: Log | null;
  writers: Writer[];
  /** A transaction of somebody else, which is never ended; 0 when there is none. */
  foreign: number;
  bookmark: Position;
  /** Whether the watcher has looked since the server started: it then hears what is new. */
  isAtHome: boolean;
  /** Events that the watcher was told, or may read by list since the last reset. */
  known: number[];
  /** Events that the receiver acted upon, and the ids by which it knows them again. */
  received: { id: string; what: number }[];
  writesLeft: number;
  faultsLeft: number;
  raisesLeft: number;
  drawn: number;
}

export interface LogWorld {
  readonly writes: number;
  readonly programs: number;
  readonly faults: number;
  readonly of: readonly LogFault[];
  /** Times that an operator, or a refusal, raises the epoch of a server that goes on. */
  readonly raises: number;
  readonly rules: LogRules;
}

export const LOG_FAULTS = [
  "program killed",
  "database killed",
  "database restored",
  "database copied back",
  "database dumped into a new cluster",
  "standby promoted",
  "somebody forgets a transaction",
] as const;

export type LogFault = (typeof LOG_FAULTS)[number];

export function initialState({ writes, programs, faults, raises }: LogWorld): LogState {
  const server = { system: 1, timeline: 1, start: 1 };
  const nowhere = { number: 0, name: 0, transaction: 0 };
  return {
    log: {
      server,
      nextTransaction: 1,
      epochs: [{ number: 1, name: 1, server: { ...server }, endsBefore: 0 }],
      events: [],
      delivered: { ...nowhere },
    },
    backup: null,
    writers: Array.from({ length: programs }, () => {
      return { epoch: null, transaction: 0, remembered: { number: 1, name: 1 } };
    }),
    foreign: 0,
    bookmark: { ...nowhere },
    isAtHome: true,
    known: [],
    received: [],
    writesLeft: writes,
    faultsLeft: faults,
    raisesLeft: raises,
    drawn: 1,
  };
}

/** The epoch in which statements write now; undefined until somebody raises one. */
export function epochNow({ epochs, server }: Log, rules: LogRules): Epoch | undefined {
  const newest = epochs.at(-1);
  if (!rules.has("epochRaised") || newest === undefined) return newest;
  const isSame =
    newest.server.system === server.system &&
    newest.server.timeline === server.timeline &&
    (!rules.has("identityHasStart") || newest.server.start === server.start);
  return isSame ? newest : undefined;
}

export function raiseEpoch(state: LogState, rules: LogRules): undefined {
  const { log } = state;
  const newest = log.epochs.at(-1);
  if (newest === undefined) return;
  const isSameCluster = newest.server.system === log.server.system;
  // Transactions of another cluster say nothing of this log: there the last event is its end.
  const last = log.events.filter(({ number }) => number === newest.number).at(-1)?.transaction ?? 0;
  newest.endsBefore = isSameCluster ? log.nextTransaction : last + 1;
  const number = newest.number + 1;
  const name = rules.has("epochHasName") ? draw(state) : number;
  log.epochs.push({ number, name, server: { ...log.server }, endsBefore: 0 });
}

export function draw(state: LogState): number {
  state.drawn += 1;
  return state.drawn;
}

/** By number and transaction alone, as positions are compared. */
export function isBelow(
  one: { number: number; transaction: number },
  other: { number: number; transaction: number },
): boolean {
  if (one.number !== other.number) return one.number < other.number;
  return one.transaction < other.transaction;
}
