/** What the ledger's programs must do about positions. Each can be taken out. */
export const LOG_RULES = {
  epochRaised: "a program that meets another server than the newest epoch's raises the epoch",
  identityHasStart: "the moment at which the server started is part of who it is",
  epochReadInStatement: "the statement that writes reads the epoch, and no program remembers it",
  raiseWaitsForWriters: "who raises the epoch waits for all who have read the one before",
  tellsBelowRunning: "nothing is told that is not below every transaction which may still write",
  boundByWritersOnly: "a transaction that cannot write to the log holds nothing back",
  epochHasName: "an epoch has a name drawn at random beside its number, and bookmarks carry it",
  watchRebased: "a bookmark that the log does not contain is answered: the log was reset",
  eventIdHasName: "what tells an event from others has the name of its epoch",
} as const;

export type LogRule = keyof typeof LOG_RULES;
export type LogRules = ReadonlySet<LogRule>;
