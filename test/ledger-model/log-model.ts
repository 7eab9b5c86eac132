import type { Model, Move } from "./explore.ts";

/** Where a change stands in the log: the epoch, then the transaction that wrote it. */
interface Position {
  readonly epoch: number;
  readonly transaction: number;
}

interface Change extends Position {
  /** Told apart from one that had the same position before a restore. */
  readonly id: number;
}

/** What a server has, and a backup of it. */
interface Server {
  readonly epoch: number;
  readonly nextTransaction: number;
  readonly log: readonly Change[];
  /** For each epoch but the first: the last change before it that was still there. */
  readonly endedBefore: readonly Position[];
}

/** The log of one database, two who write at their own pace, and one who watches. */
interface State {
  readonly server: Server;
  /** Transactions that have begun, with the change that they will commit. */
  readonly running: readonly Change[];
  readonly nextId: number;
  /** What the watcher holds; it goes on from there. */
  readonly bookmark: Position;
  readonly heard: readonly number[];
  /** It was told that the log was reset, in this epoch. */
  readonly resetHeard: number;
  readonly backup: Server | null;
  readonly faultsLeft: number;
  readonly writesLeft: number;
}

export interface LogRules {
  /** Nothing is told at or above the oldest transaction that runs. */
  readonly tellsSettledAlone: boolean;
  /** Another history behind the database begins an epoch. */
  readonly raisesEpoch: boolean;
  /** A watcher that was told of what is lost hears so. */
  readonly tellsReset: boolean;
}

export const ALL_LOG_RULES: LogRules = {
  tellsSettledAlone: true,
  raisesEpoch: true,
  tellsReset: true,
};

const ZERO: Position = { epoch: 0, transaction: 0 };

export function logModel(rules: LogRules, writes: number, faults: number): Model<State> {
  return {
    begins: {
      server: { epoch: 1, nextTransaction: 1, log: [], endedBefore: [] },
      running: [],
      nextId: 1,
      bookmark: ZERO,
      heard: [],
      resetHeard: 1,
      backup: null,
      faultsLeft: faults,
      writesLeft: writes,
    },
    moves: (state) => [
      ...writing(state),
      ...looks(state, rules),
      ...(state.faultsLeft > 0 ? restores(state, rules) : []),
    ],
    problem(state) {
      const { server, running, bookmark, heard } = state;
      const late = running.find((change) => !isAfter(change, bookmark));
      if (late !== undefined) return "a change can still commit below what was told";
      const silent = server.log.find(
        (change) => !isAfter(change, bookmark) && !heard.includes(change.id),
      );
      return silent === undefined ? undefined : "a change was never told";
    },
    unsettled({ server, heard, resetHeard, bookmark }) {
      const isTold = server.log.every(({ id }) => heard.includes(id));
      if (!isTold) return "a change is told to nobody";
      const isLost = heard.some((id) => server.log.every((change) => change.id !== id));
      // Where nothing was written since, the next sign of life still comes behind the reset.
      if (isLost && bookmark.epoch === server.epoch && resetHeard < server.epoch) {
        return "what was told is lost, and nobody said so";
      }
      return new Set(heard).size === heard.length ? undefined : "a change was told twice";
    },
  };
}

function writing(state: State): readonly Move<State>[] {
  const { server, running, writesLeft, nextId } = state;
  const moves: Move<State>[] = running.map((change) => ({
    says: `${change.id} commits`,
    to: {
      ...state,
      running: running.filter((one) => one !== change),
      server: { ...server, log: [...server.log, change].sort(inOrder) },
    },
  }));
  if (writesLeft > 0 && running.length < 2) {
    const change = { epoch: server.epoch, transaction: server.nextTransaction, id: nextId };
    moves.push({
      says: `${nextId} begins`,
      to: {
        ...state,
        running: [...running, change],
        nextId: nextId + 1,
        writesLeft: writesLeft - 1,
        server: { ...server, nextTransaction: server.nextTransaction + 1 },
      },
    });
  }
  return moves;
}

function looks(state: State, rules: LogRules): readonly Move<State>[] {
  const { server, running, bookmark, heard } = state;
  const isSettled = (change: Change) =>
    !rules.tellsSettledAlone || running.every((one) => isAfter(one, change));
  const fresh = server.log.filter((change) => isAfter(change, bookmark));
  const firstUnsettled = fresh.findIndex((change) => !isSettled(change));
  const told = firstUnsettled < 0 ? fresh : fresh.slice(0, firstUnsettled);
  const last = told.at(-1);
  if (last === undefined) return [];
  const passed = server.endedBefore.filter((_, index) => {
    const epoch = index + 2;
    return bookmark.epoch < epoch && last.epoch >= epoch;
  });
  const isAhead = passed.some((end) => isAfter(bookmark, end));
  const resetHeard = isAhead && rules.tellsReset ? last.epoch : state.resetHeard;
  const to = {
    ...state,
    bookmark: { epoch: last.epoch, transaction: last.transaction },
    heard: [...heard, ...told.map(({ id }) => id)],
    // One who lost nothing has nothing to hear.
    resetHeard: isAhead ? resetHeard : Math.max(resetHeard, passed.length > 0 ? last.epoch : 0),
  };
  return [{ says: `the watcher hears ${told.map(({ id }) => id).join(", ")}`, to }];
}

function restores(state: State, rules: LogRules): readonly Move<State>[] {
  const { server, backup, faultsLeft } = state;
  if (backup === null) {
    return [{ says: "a backup", to: { ...state, backup: server }, isFault: true }];
  }
  const last = backup.log.at(-1) ?? ZERO;
  const end = { epoch: last.epoch, transaction: last.transaction };
  const next = { ...backup, epoch: server.epoch + 1, endedBefore: [...backup.endedBefore] };
  while (next.endedBefore.length < next.epoch - 1) next.endedBefore.push(end);
  const restored = rules.raisesEpoch ? next : backup;
  const to = { ...state, server: restored, running: [], faultsLeft: faultsLeft - 1 };
  return [{ says: "the backup is restored", to, isFault: true }];
}

function isAfter(one: Position, other: Position): boolean {
  return inOrder(one, other) > 0;
}

function inOrder(one: Position, other: Position): number {
  return one.epoch - other.epoch || one.transaction - other.transaction;
}
