import type { Steps } from "../steps.ts";
import { epochNow, isBelow, type LogState, type LogWorld, raiseEpoch } from "./log-state.ts";

/** One program that writes: it reads the epoch, gets a transaction id, and commits, maybe late. */
export function writerSteps(
  steps: Steps<LogState>,
  state: LogState,
  program: number,
  { rules }: LogWorld,
): void {
  const writer = state.writers[program];
  if (writer === undefined) return;
  if (writer.epoch === null) {
    const epoch = epochNow(state.log, rules);
    if (epoch === undefined || state.writesLeft === 0) return;
    steps.duty(`program ${program} begins to write`, (next) => {
      const own = next.writers[program];
      const { number, name } = rules.has("epochReadInStatement") ? epoch : writer.remembered;
      if (own) own.epoch = { number, name };
      next.writesLeft -= 1;
      return undefined;
    });
    return;
  }
  if (writer.transaction === 0) {
    steps.duty(`program ${program} gets a transaction id`, (next) => {
      const own = next.writers[program];
      if (own) own.transaction = next.log.nextTransaction;
      next.log.nextTransaction += 1;
      return undefined;
    });
    return;
  }
  steps.duty(`program ${program} commits`, (next) => commit(next, program));
}

function commit(next: LogState, program: number): string | undefined {
  const { log, writers, bookmark } = next;
  const writer = writers[program];
  if (!writer?.epoch) return undefined;
  const position = { ...writer.epoch, transaction: writer.transaction };
  writer.epoch = null;
  writer.transaction = 0;
  const isTaken = log.events.some((event) => {
    return event.number === position.number && event.transaction === position.transaction;
  });
  if (isTaken) return "no write fails because its position is taken";
  next.drawn += 1;
  log.events.push({ ...position, what: next.drawn });
  log.events.sort((one, other) => (isBelow(one, other) ? -1 : 1));
  const isOfThisLog = log.epochs.some(({ name }) => name === bookmark.name);
  if (isOfThisLog && next.isAtHome && isBelow(position, bookmark)) {
    return "nothing is told while a lower position can still commit";
  }
  return undefined;
}

export function raiseSteps(steps: Steps<LogState>, state: LogState, { rules }: LogWorld): void {
  const isWriting = state.writers.some(({ epoch }) => epoch !== null);
  if (epochNow(state.log, rules) === undefined) {
    steps.duty("a program meets another server, and raises the epoch", (next) =>
      raiseEpoch(next, rules),
    );
  } else if (state.raisesLeft > 0 && !(isWriting && rules.has("raiseWaitsForWriters"))) {
    steps.chance("somebody raises the epoch of a server that goes on", (next) => {
      next.raisesLeft -= 1;
      return raiseEpoch(next, rules);
    });
  }
}

/** Where the log may be told up to: everything below is committed, or never will be. */
function boundOf({ log, writers, foreign }: LogState, { rules }: LogWorld): number {
  if (!rules.has("tellsBelowRunning")) return log.nextTransaction;
  const running = writers.map(({ transaction }) => transaction);
  if (!rules.has("boundByWritersOnly")) running.push(foreign);
  return Math.min(log.nextTransaction, ...running.filter((transaction) => transaction > 0));
}

export function watchSteps(steps: Steps<LogState>, state: LogState, world: LogWorld): void {
  const { rules } = world;
  const epoch = epochNow(state.log, rules);
  if (epoch === undefined) return;
  const { number, name } = epoch;
  const bound = { number, name, transaction: boundOf(state, world) };
  const isAhead = !state.isAtHome && !isInLog(state);
  const below = state.log.events.filter((event) => isBelow(event, bound));
  const told = below.filter((event) => !isBelow(event, state.bookmark));
  const hasNews = isAhead || told.length > 0 || isBelow(state.bookmark, bound);
  if (hasNews) {
    const isReset = isAhead && rules.has("watchRebased");
    const words = isReset ? "the watcher hears that the log was reset, and lists" : "is told";
    steps.duty(isReset ? words : `the watcher ${words} ${told.length}`, (next) => {
      next.isAtHome = true;
      if (isReset) next.known = below.map(({ what }) => what);
      else if (told.some(({ what }) => next.known.includes(what))) return "nothing is told twice";
      else next.known.push(...told.map(({ what }) => what));
      next.bookmark = isBelow(next.bookmark, bound) || isReset ? bound : next.bookmark;
      const isMissing = below.some(({ what }) => !next.known.includes(what));
      return isMissing ? "everything above a bookmark is told, or the log was reset" : undefined;
    });
  }
  deliver(steps, state, bound, world);
}

/** Whether the log of now goes on from where the bookmark stands. */
function isInLog({ bookmark, log }: LogState): boolean {
  if (bookmark.name === 0) return true;
  const epoch = log.epochs.find(({ number, name }) => {
    return number === bookmark.number && name === bookmark.name;
  });
  if (epoch === undefined) return false;
  return epoch.endsBefore === 0 || bookmark.transaction <= epoch.endsBefore;
}

/** The webhook's own bookmark is in the same database; its receiver drops what it knows already. */
function deliver(
  steps: Steps<LogState>,
  state: LogState,
  bound: LogState["bookmark"],
  { rules }: LogWorld,
): void {
  const due = state.log.events.filter((event) => {
    return isBelow(event, bound) && !isBelow(event, state.log.delivered);
  });
  if (due.length === 0) return;
  steps.duty(`the webhook delivers ${due.length}`, (next) => {
    next.log.delivered = bound;
    for (const { number, name, transaction, what } of due) {
      const id = [number, rules.has("eventIdHasName") ? name : "", transaction].join("/");
      const known = next.received.find((one) => one.id === id);
      if (known !== undefined && known.what !== what)
        return "a receiver takes no event for another";
      if (known === undefined) next.received.push({ id, what });
    }
    return undefined;
  });
}
