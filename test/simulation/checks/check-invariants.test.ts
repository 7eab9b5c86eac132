import { describe, expect, test } from "vitest";
import { PaymentState } from "../../../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../../../gen/cardlane/reader/v1/reader_pb.ts";
import type { PaymentId } from "../../../payment/identifiers.ts";
import { checkInvariants } from "./check-invariants.ts";
import {
  CARD,
  change,
  changeReport,
  DAY,
  elsewhere,
  HELD,
  posting,
  REFUNDED,
  SHOP,
  SOLD,
  type SoundRun,
  seeAsked,
  soundRun,
  tellCompleted,
} from "./sound-run.ts";

interface Break {
  readonly what: string;
  readonly break: (run: SoundRun) => void;
  readonly says: string;
}

const MONEY: readonly Break[] = [
  {
    what: "a balance that no posting explains",
    break: ({ end }) => change(end.accounts, 0, { balance_minor: -1_299n }),
    says: "account 1 holds -1299, its postings say -1300",
  },
  {
    what: "an approval that is posted twice",
    break: ({ end }) => end.postings.push(posting(SOLD, "SALE", [CARD, SHOP], 1_000n)),
    says: `payment ${SOLD}, SALE, is APPROVED with postings [SALE,SALE]`,
  },
  {
    what: "a hold that is posted as a sale",
    break: ({ end }) => change(end.postings, 1, { kind: "SALE" }),
    says: `payment ${HELD}, AUTHORIZATION, is AUTHORIZED with postings [SALE]`,
  },
  {
    what: "a refund that takes money",
    break: ({ end }) => change(end.postings, 2, { debit_account: CARD, credit_account: SHOP }),
    says: `payment ${REFUNDED}, REFUND, is APPROVED, moved the wrong way`,
  },
  {
    what: "more approved than was signed",
    break: ({ end }) => change(end.payments, 0, { total_minor: 900n }),
    says: `payment ${SOLD}, SALE, is APPROVED for more than was signed`,
  },
  {
    what: "a posting of nothing",
    break: ({ end }) => end.postings.push(posting("nobody-9", "SALE", [CARD, SHOP], 1n)),
    says: "a posting without a payment: nobody-9",
  },
  {
    what: "more spent than there was",
    break: ({ end }) => change(end.accounts, 0, { credit_minor: 1_499n }),
    says: "account 1 spent what it had not",
  },
  {
    what: "more spent than the day's amount",
    break: ({ end }) => change(end.accounts, 0, { daily_amount_minor_max: 1_499n }),
    says: `account 1 spent 1500 on ${DAY}, of 1499`,
  },
  {
    what: "more payments than the day's",
    break: ({ end }) => change(end.accounts, 0, { daily_count_max: 1 }),
    says: `account 1 paid 2 times on ${DAY}, of 1`,
  },
  {
    what: "spending that was not counted",
    break: ({ end }) => change(end.accounts, 0, { spent_minor: 1_000n, spent_count: 1 }),
    says: `account 1 counted 1000 in 1 payments on ${DAY}, was 1500 in 2`,
  },
  {
    what: "a reversal that gave the limit not back",
    break: ({ end }) => {
      change(end.payments, 0, { state: "REVERSED" });
      end.postings.push(posting(SOLD, "REVERSAL", [SHOP, CARD], 1_000n));
    },
    says: `account 1 counted 1500 in 2 payments on ${DAY}, was 500 in 1`,
  },
  {
    what: "a relay's record of another amount",
    break: ({ end }) => change(end.records, 0, { approved_amount_minor: 999n }),
    says: `record of ${SOLD}, APPROVED: says 999 was approved, the processor 1000`,
  },
];

const PINS: readonly Break[] = [
  {
    what: "a wrong PIN that costs no try",
    break: ({ end }) => change(end.verdicts, 0, { tries_left: 3 }),
    says: "card 4242 was told WRONG with 3 tries left, not WRONG with 2 tries left",
  },
  {
    what: "a try that is not given back",
    break: ({ end }) => change(end.cards, 0, { tries_left: 2 }),
    says: "card 4242 has 2 tries left, not 3",
  },
  {
    what: "a right PIN that is taken for wrong",
    break: ({ end }) => change(end.verdicts, 1, { verdict: "WRONG", tries_left: 1 }),
    says: "card 4242 was told WRONG with 1 tries left, not VERIFIED with 3 tries left",
  },
  {
    what: "a verdict of a PIN that nobody typed",
    break: ({ end }) => end.verdicts.push({ digest: "?", verdict: "WRONG", tries_left: 2 }),
    says: "a verdict WRONG of a PIN that nobody typed",
  },
  {
    what: "a locked card that takes the right PIN",
    break: ({ end }) => {
      const wrong = { verdict: "WRONG", digest: "digest 9" };
      end.verdicts.unshift({ ...wrong, tries_left: 2 }, { ...wrong, tries_left: 1 });
      change(end.verdicts, 2, { tries_left: 0 });
    },
    says: "was told VERIFIED with 3 tries left, not TRIES_EXCEEDED with 0 tries left",
  },
  {
    what: "a charge whose PIN nobody looked at",
    break: ({ end }) => void end.verdicts.splice(1, 1),
    says: `payment ${SOLD} is APPROVED, its PIN was never looked at`,
  },
  {
    what: "a decline for a wrong PIN that was right",
    break: ({ end }) => change(end.payments, 0, { state: "DECLINED", response_code: "55" }),
    says: `payment ${SOLD} was declined with 55, its PIN was VERIFIED`,
  },
  {
    what: "an honest PIN that is refused",
    break: ({ end }) => change(end.payments, 0, { state: "DECLINED", response_code: "88" }),
    says: `payment ${SOLD} was declined with 88, its PIN was VERIFIED`,
  },
];

const RELAYS: readonly Break[] = [
  {
    what: "a payment that two relays call their own",
    break: ({ end }) => void end.recordsElsewhere.push(elsewhere(end, {})),
    says: `record of ${SOLD}, APPROVED: the processor has APPROVED elsewhere`,
  },
  {
    what: "a relay that lost a payment of its own",
    break: ({ end }) => {
      end.recordsElsewhere.push(elsewhere(end, { state: "DECLINED", result: null }));
      end.records.shift();
    },
    says: `the processor has ${SOLD}, no relay has its record`,
  },
  {
    what: "a payment with two records at one relay",
    break: ({ end }) => void end.records.push(elsewhere(end, { relay_id: "A1" })),
    says: `payment ${SOLD} at A1 has more than one record`,
  },
];

const RECORDS: readonly Break[] = [
  {
    what: "a record that is not final",
    break: ({ end }) => change(end.records, 0, { state: "REVERSING" }),
    says: `record of ${SOLD}, REVERSING: is not final`,
  },
  {
    what: "sealed data in a final record",
    break: ({ end }) => change(end.records, 0, { has_sealed_data: true }),
    says: `record of ${SOLD}, APPROVED: still has the sealed data`,
  },
  {
    what: "an approval that the processor has undone",
    break: ({ end }) => change(end.payments, 0, { state: "REVERSED" }),
    says: `record of ${SOLD}, APPROVED: the processor has REVERSED`,
  },
  {
    what: "a result that the processor did not sign",
    break: ({ end }) => change(end.records, 0, { result: Buffer.from("forged") }),
    says: `record of ${SOLD}, APPROVED: the processor signed another result`,
  },
  {
    what: "an approval that nobody waits for any more",
    break: ({ end, seen }) => seen.completedAtMs.set(end.records[0]?.record_number ?? "", 41_001),
    says: "was approved after 40001 ms",
  },
  {
    what: "a record number that was told and is not there",
    break: ({ seen }) => seen.recorded.set("A1LOST", SOLD as PaymentId),
    says: `record A1LOST of ${SOLD} was told, and is not there`,
  },
  {
    what: "a final word that did not stay",
    break: ({ end, seen }) => tellCompleted(seen, end.records[0], PaymentState.DECLINED),
    says: `a relay told that ${SOLD} is DECLINED, it is APPROVED`,
  },
  {
    what: "a counter that stands for two payments",
    break: ({ seen }) => seen.counted.set("SIM-0001 7", new Set(["one", "other"])),
    says: "reader and counter SIM-0001 7 signed different payments",
  },
  {
    what: "a record of bytes that nobody submitted",
    break: ({ end }) => change(end.records, 0, { digest: "another" }),
    says: `record of ${SOLD} has bytes that nobody submitted`,
  },
  {
    what: "a record that was told for other bytes",
    break: ({ end, seen }) =>
      seen.accepted.push({ recordNumber: end.records[0]?.record_number ?? "", digest: "another" }),
    says: "was told for other bytes",
  },
  {
    what: "a shop that hears nothing",
    break: ({ end }) => change(end.records, 0, { is_told: true }),
    says: "no notification number of",
  },
  {
    what: "a shop that hears twice",
    break: ({ end }) => void end.jobs.push("A1-APPROVED-EMAIL"),
    says: "job A1-APPROVED-EMAIL too much",
  },
];

const WORDS: readonly Break[] = [
  {
    what: "an end that the processor did not sign",
    break: ({ seen }) => changeReport(seen, { signedResult: undefined }),
    says: `a till was told APPROVED of ${SOLD}, and the processor signed nothing`,
  },
  {
    what: "an amount that nobody asked for",
    break: ({ seen }) => seeAsked(seen, SOLD, "digest 1", 1_200n),
    says: "a till was told APPROVED of",
  },
  {
    what: "a report of less than was taken",
    break: ({ end }) => void end.postings.splice(0, 1),
    says: "1000; 0 was taken",
  },
  {
    what: "a final word of nothing, and a charge",
    break: ({ seen }) => changeReport(seen, { state: PaymentState.UNSPECIFIED }),
    says: "a till was told UNSPECIFIED of",
  },
  {
    what: "a reader that shows a charge as declined",
    break: ({ seen }) => changeReport(seen, { shown: ShownOutcome.DECLINED }),
    says: "the reader shows that nothing was charged",
  },
  {
    what: "a reader that shows what was not charged as approved",
    break: ({ seen }) => changeReport(seen, { state: PaymentState.DECLINED }),
    says: "the reader shows approved",
  },
  {
    what: "a display of an amount that was not approved",
    break: ({ seen }) => seen.shown.set("?", { reader: "SIM-0001", text: "APPROVED 9.00 EUR" }),
    says: 'reader SIM-0001 showed "APPROVED 9.00 EUR" of no payment',
  },
  {
    what: "a display of a decline where everything was charged",
    break: ({ seen }) =>
      seen.shown.set("?", { reader: "SIM-0001", text: "DECLINED Nothing was charged" }),
    says: 'reader SIM-0001 showed "DECLINED Nothing was charged" of no payment',
  },
];

test("nothing is wrong with a sound run", () => {
  const { end, seen } = soundRun();
  expect(checkInvariants(end, seen)).toEqual([]);
});

test("a payment that another relay has is sound where it was refused", () => {
  const { end, seen } = soundRun();
  end.recordsElsewhere.push(elsewhere(end, { state: "DECLINED", result: null }));
  expect(checkInvariants(end, seen)).toEqual([]);
});

test("less than was asked for is sound where that was accepted", () => {
  const { end, seen } = soundRun();
  change(end.payments, 0, { total_minor: 1_200n });
  change(end.records, 0, { total_minor: 1_200n });
  seeAsked(seen, SOLD, "digest 1", 1_200n, { acceptPartial: true });
  expect(checkInvariants(end, seen)).toEqual([]);
});

describe("what is wrong is seen", () => {
  test.each([...MONEY, ...PINS, ...RELAYS, ...RECORDS, ...WORDS])(
    "$what",
    ({ break: breakIt, says }) => {
      const run = soundRun();
      breakIt(run);
      expect(checkInvariants(run.end, run.seen).join("\n")).toContain(says);
    },
  );
});
