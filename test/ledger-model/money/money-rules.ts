/** What the ledger's programs must do about payments. Each can be taken out. */
export const MONEY_RULES = {
  epochRaised: "a program that meets another server than the newest epoch's raises the epoch",
  identityHasStart: "the moment at which the server started is part of who it is",
  asksBeforeReversing: "a record of an older epoch is asked about, and neither sent nor undone",
  flightsKeepTheirEpoch: "an answer is committed in the epoch in which it was asked, or not at all",
  processorFencesEpochs: "the processor refuses what an epoch asks that has been overtaken",
  refusedEpochIsRaised: "a relay whose epoch the processor refuses raises it above the other one",
  epochHasName: "an epoch has a name drawn at random beside its number",
  decidesInOneStatement: "a processor decides only what its statement finds undecided",
  streamsEndWithTheDatabase: "a question dies with the processor's database that it was sent to",
  reversingStays: "what is being reversed ends by the answer to that order only",
  acknowledgementsRepeated: "an acknowledgement is repeated while it is not confirmed",
  acknowledgementConfirmed: "an acknowledgement is done when the processor says so, not when sent",
  presentedAgain: "a processor of a new life is shown what was confirmed in an earlier one",
  importsItsOwnWord: "a processor takes back what it signed itself and does not know any more",
  recoversFromProcessor: "a relay asks the processor which payments its own database has lost",
} as const;

export type MoneyRule = keyof typeof MONEY_RULES;
export type MoneyRules = ReadonlySet<MoneyRule>;
