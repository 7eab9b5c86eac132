import { afterAll, describe, expect, test } from "vitest";
import { ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { ALL_CHECKS, checkAll } from "./all-checks.ts";
import type { Evidence } from "./check.ts";
import { change, first, last, notTaken, toldIn } from "./testing/broken-evidence.ts";
import { soundEvidence } from "./testing/sound-evidence.ts";

const keys = new TestKeys({ nowMs: Date.UTC(2026, 5, 1) });
afterAll(() => keys[Symbol.dispose]());

/** What is done to a sound run, and the invariant that does not hold then. */
const BREAKS: readonly (readonly [invariant: string, what: string, (run: Evidence) => void])[] = [
  [
    "all balances of a currency add up to zero",
    "a balance is off by one",
    ({ end }) => change(first(end.accounts), { balance_minor: 0n }),
  ],
  [
    "every balance is the sum of its postings",
    "a posting is missing",
    ({ end }) => change(end, { postings: end.postings.slice(0, -1) }),
  ],
  [
    "approved: exactly one posting; reversed: none, or two that cancel; else none",
    "a charge is posted twice",
    ({ end }) => change(end, { postings: [...end.postings, { ...first(end.postings) }] }),
  ],
  [
    "a reversal moves the same money back between the same accounts",
    "a reversal moves it the same way again",
    ({ end }) =>
      change(end, { postings: [...end.postings, { ...first(end.postings), kind: "REVERSAL" }] }),
  ],
  [
    "no posting without its payment",
    "there is no payment",
    ({ end }) => change(end, { payments: end.payments.slice(0, -1) }),
  ],
  [
    "an approved payment is for more than nothing and not more than was signed",
    "more is approved",
    ({ end }) => change(first(end.payments), { approved_minor: 501n }),
  ],
  [
    "no reader counter was used twice",
    "two payments have one counter",
    ({ end }) =>
      change(end, {
        payments: [...end.payments, { ...first(end.payments), payment_id: "another" }],
      }),
  ],
  [
    "the relay's acknowledgement of each approval has arrived",
    "one has not",
    ({ end }) => change(first(end.payments), { acknowledged_revision: 0 }),
  ],
  [
    "every record is final",
    "a record is still due",
    ({ end }) => change(first(end.records), { is_due: true }),
  ],
  [
    "one record for each payment",
    "a payment has two",
    ({ end }) =>
      change(end, {
        records: [...end.records, { ...first(end.records), record_number: "A1SALE000002" }],
      }),
  ],
  [
    "the sealed data of a final record is gone",
    "it is still there",
    ({ end }) => change(first(end.records), { has_sealed_data: true }),
  ],
  [
    "the last event of a record is its state",
    "the last event is missing",
    ({ end }) => change(end, { events: end.events.slice(0, -1) }),
  ],
  [
    "every state followed one it may follow",
    "an approval becomes a decline",
    ({ end }) =>
      change(end, {
        events: [...end.events, { ...last(end.events), sequence: 9n, state: "DECLINED" }],
      }),
  ],
  [
    "relay and processor agree on every record",
    "the processor has declined",
    ({ end }) => change(first(end.payments), { state: "DECLINED" }),
  ],
  [
    "every signed result says what its record says",
    "the signature is another",
    ({ end }) => change(first(end.records), { result_signature: new Uint8Array(64) }),
  ],
  [
    "every signed result says what its record says",
    "the record is another merchant's",
    ({ end }) => change(first(end.records), { merchant_id: "ANOTHERSHOP0001" }),
  ],
  [
    "one charge for an id, whichever relays submit it",
    "another relay has it approved",
    ({ end }) => change(first(end.otherRecords), { state: "APPROVED" }),
  ],
  [
    "one charge for an id, whichever relays submit it",
    "the processor has it of another relay",
    ({ end }) => change(first(end.payments), { record_number: "B1SALE000001" }),
  ],
  [
    "every payment got a final word",
    "a client waits for ever",
    ({ history }) => void first(history.payments).told.pop(),
  ],
  [
    "what clients were told to be the end is the end",
    "a client was told a decline",
    (run) => change(toldIn(run), { outcome: "DECLINED" }),
  ],
  [
    "no client was told two different ends",
    "a repeat was told that nothing happened",
    (run) => void first(run.history.payments).told.push(notTaken(run)),
  ],
  [
    "what was told final without a charge has no posting, ever",
    "a repeat was told that nothing happened",
    (run) => void first(run.history.payments).told.push(notTaken(run)),
  ],
  [
    "a record number that was acknowledged stays that payment's",
    "another number was told as well",
    ({ history }) => void first(history.payments).recorded.add("A1SALE000009"),
  ],
  [
    "the amount asked for is the amount recorded",
    "less is recorded",
    ({ end }) => change(first(end.records), { total_minor: 400n }),
  ],
  [
    "a part is approved only where a part will do, and no more than was asked for",
    "a part is approved",
    (run) => change(toldIn(run), { approvedMinor: 400n }),
  ],
  [
    "no card has more or less tries than there are",
    "a card has four",
    ({ end }) => change(first(end.pinCards), { tries_left: 4 }),
  ],
  [
    "a wrong PIN is never taken for a right one, nor a right one for a wrong",
    "the PIN was wrong",
    ({ history }) => change(first(history.payments).plan, { pin: "wrong" }),
  ],
  [
    "a PIN is judged once",
    "a digest has two verdicts",
    ({ end }) => change(end, { verdicts: [...end.verdicts, { ...first(end.verdicts) }] }),
  ],
  [
    "every wrong PIN costs one try, and nothing else does",
    "a try is missing",
    ({ end }) => change(first(end.pinCards), { tries_left: 2 }),
  ],
  [
    "every wrong PIN costs one try, and nothing else does",
    "a wrong PIN cost nothing",
    ({ end }) => change(first(end.verdicts), { verdict: "WRONG" }),
  ],
  [
    "every wrong PIN costs one try, and nothing else does",
    "a wrong PIN was written down, and the card was not",
    ({ end }) => change(first(end.verdicts), { verdict: "WRONG", tries_left: 2 }),
  ],
  [
    "every wrong PIN costs one try, and nothing else does",
    "a PIN was judged of a payment that nobody made",
    ({ end }) => change(first(end.verdicts), { digest: "ff" }),
  ],
  [
    "nothing is charged after a wrong PIN",
    "the PIN was wrong",
    ({ history }) => change(first(history.payments).plan, { pin: "wrong" }),
  ],
  [
    "no account spends more in a day than its limits",
    "the limit is below",
    ({ end }) => change(first(end.accounts), { daily_amount_minor_max: 499n }),
  ],
  [
    "no account spends more in a day than its limits",
    "the limit is below, and the day began twice",
    (run) => {
      change(first(run.end.accounts), { daily_amount_minor_max: 249n });
      change(run, { timesBegun: () => 2 });
    },
  ],
  [
    "a limit declines only what the day has no room for",
    "another day's spending counts",
    ({ end }) => {
      const decline = { state: "DECLINED", response_code: "61", approved_minor: 0n } as const;
      change(first(end.payments), decline);
      change(end, { postings: [] });
    },
  ],
  [
    "the report says that the reader shows what happened",
    "it says that it shows a decline",
    (run) => change(toldIn(run), { shown: ShownOutcome.DECLINED }),
  ],
  [
    "the reader shows what happened, and the amount",
    "it shows another amount",
    (run) => {
      const display = { shown: ShownOutcome.APPROVED, lines: ["APPROVED", "5.01 EUR"] };
      change(toldIn(run), { display });
    },
  ],
  [
    "the reader shows what happened, and the amount",
    "it shows an approval of what was reversed",
    (run) => change(toldIn(run), { outcome: "REVERSED" }),
  ],
  [
    "nothing is approved that nobody waits for any more",
    "it was approved an hour later",
    ({ sightings }) => {
      for (const sighting of sightings.values()) change(sighting, { unpostedAtMs: 3_600_000 });
    },
  ],
  [
    "a watcher that resumes hears every event",
    "one is missing",
    ({ watched }) => change(watched, { heard: watched.heard.toSpliced(1, 1) }),
  ],
  [
    "a watcher that resumes hears every event",
    "it was told that the log is gone",
    ({ watched }) => change(watched, { gone: "after_sequence is older" }),
  ],
  [
    "a watcher hears every event once and in order",
    "one is heard again",
    ({ watched }) => change(watched, { heard: [...watched.heard, { ...first(watched.heard) }] }),
  ],
  [
    "a watcher hears nothing that did not happen",
    "it hears of another state",
    ({ watched }) => change(first(watched.heard), { state: "VOIDED" }),
  ],
  [
    "what a watcher heard last of a record is how it ended",
    "the end is missing",
    ({ watched }) => change(watched, { heard: watched.heard.slice(0, -1) }),
  ],
];

test("a sound run has no violation", () => {
  const found = checkAll(soundEvidence(keys));
  expect(found.filter(({ violations }) => violations.length > 0)).toEqual([]);
});

describe("a run is found out in which", () => {
  test.each(BREAKS)("%s: %s", (invariant, _what, breakIt) => {
    const run = soundEvidence(keys);
    breakIt(run);
    const found = checkAll(run).find((one) => one.invariant === invariant);
    expect(found?.violations.length).toBeGreaterThan(0);
  });

  test("anything is broken that is checked", () => {
    const broken = new Set(BREAKS.map(([invariant]) => invariant));
    const unbroken = ALL_CHECKS.filter(({ invariant }) => !broken.has(invariant));
    expect(unbroken.map(({ invariant }) => invariant)).toEqual([]);
  });
});
