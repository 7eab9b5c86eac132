import { expect, test } from "vitest";
import { EntryMode, PaymentKind, Verification } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { parseCurrency } from "../../payment/money.ts";
import { afterApproval, type Decision, decide } from "./decide.ts";
import type { AccountFacts, CardFacts, DecisionFacts } from "./decision-facts.ts";

const account: AccountFacts = {
  balanceMinor: 0n,
  creditMinor: 10_000n,
  dailyAmountMinorMax: null,
  dailyCountMax: null,
  spentDay: 20260110,
  spentMinor: 4_000n,
  spentCount: 2,
  tappedMinor: 0n,
  tappedCount: 0,
};

const card: CardFacts = {
  status: "ACTIVE",
  expirationDate: "3412",
  isPinRequiredOnTap: false,
  isRefundable: true,
  account,
};

const facts: DecisionFacts = {
  today: 20260110,
  kind: PaymentKind.SALE,
  currency: parseCurrency(978),
  amounts: { totalMinor: 1_250n, cashbackMinor: 0n },
  acceptPartial: false,
  entryMode: EntryMode.CHIP,
  verification: Verification.ONLINE_PIN,
  presentedExpirationDate: "3412",
  pin: "VERIFIED",
  simulateByAmount: false,
  refunds: { mostMinor: 100_000n, doneMinor: 0n },
  card,
};

/** The card with another account. */
function withAccount(wanted: Partial<AccountFacts>): Pick<DecisionFacts, "card"> {
  return { card: { ...card, account: { ...account, ...wanted } } };
}

function amount(totalMinor: bigint): Pick<DecisionFacts, "amounts"> {
  return { amounts: { totalMinor, cashbackMinor: 0n } };
}

const tap = { entryMode: EntryMode.CONTACTLESS, pin: "NOT_ASKED" } as const;

const APPROVALS: readonly {
  name: string;
  facts: Partial<DecisionFacts>;
  code?: "00" | "10";
  approvedMinor: bigint;
  balanceMinor?: bigint;
}[] = [
  { name: "a sale with a right PIN", facts: {}, approvedMinor: 1_250n },
  {
    name: "a sale without PIN",
    facts: { pin: "NOT_ASKED", verification: Verification.SIGNATURE },
    approvedMinor: 1_250n,
  },
  { name: "an authorization", facts: { kind: PaymentKind.AUTHORIZATION }, approvedMinor: 1_250n },
  { name: "a refund", facts: { kind: PaymentKind.REFUND }, approvedMinor: 1_250n },
  {
    name: "a refund beyond every limit",
    facts: {
      kind: PaymentKind.REFUND,
      ...withAccount({ creditMinor: 0n, dailyAmountMinorMax: 0n, dailyCountMax: 0 }),
    },
    approvedMinor: 1_250n,
  },
  {
    name: "a balance enquiry of a card with nothing left",
    facts: {
      kind: PaymentKind.BALANCE_ENQUIRY,
      ...amount(0n),
      ...withAccount({ balanceMinor: -10_500n }),
    },
    approvedMinor: 0n,
    balanceMinor: -500n,
  },
  { name: "all that is left", facts: amount(10_000n), approvedMinor: 10_000n },
  {
    name: "a part, where that is accepted",
    facts: { ...amount(10_001n), acceptPartial: true },
    code: "10",
    approvedMinor: 10_000n,
  },
  {
    name: "in the last month of the card",
    facts: { today: 20341231 },
    approvedMinor: 1_250n,
  },
  {
    name: "up to the day's amount",
    facts: withAccount({ dailyAmountMinorMax: 5_250n }),
    approvedMinor: 1_250n,
  },
  {
    name: "up to the day's count",
    facts: withAccount({ dailyCountMax: 3 }),
    approvedMinor: 1_250n,
  },
  {
    name: "the day after the limits were used up",
    facts: { today: 20260111, ...withAccount({ dailyAmountMinorMax: 4_000n, dailyCountMax: 2 }) },
    approvedMinor: 1_250n,
  },
  {
    name: "a tap with PIN of a card that needs one",
    facts: {
      entryMode: EntryMode.CONTACTLESS,
      card: { ...card, isPinRequiredOnTap: true },
    },
    approvedMinor: 1_250n,
  },
  {
    name: "a tap verified on the holder's phone",
    facts: {
      ...tap,
      verification: Verification.DEVICE,
      card: { ...card, isPinRequiredOnTap: true },
    },
    approvedMinor: 1_250n,
  },
  {
    name: "a tap of a card that needs no PIN",
    facts: { ...tap, verification: Verification.NONE },
    approvedMinor: 1_250n,
  },
  {
    name: "cash with goods",
    facts: { amounts: { totalMinor: 1_250n, cashbackMinor: 500n } },
    approvedMinor: 1_250n,
  },
  {
    name: "an amount that ends in a code, at a merchant that wants no simulation",
    facts: amount(1_051n),
    approvedMinor: 1_051n,
  },
  {
    name: "an amount that ends in no code, at a merchant that wants simulation",
    facts: { simulateByAmount: true, ...amount(1_250n) },
    approvedMinor: 1_250n,
  },
];

test.each(APPROVALS)("approves $name", (row) => {
  expect(decide({ ...facts, ...row.facts })).toEqual({
    kind: "approved",
    responseCode: row.code ?? "00",
    approvedMinor: row.approvedMinor,
    balanceMinor: row.balanceMinor,
  } satisfies Decision);
});

const simulating = { simulateByAmount: true };

const DECLINES: readonly {
  name: string;
  facts: Partial<DecisionFacts>;
  code: string;
  because?: string;
}[] = [
  { name: "a card that nobody knows", facts: { card: undefined }, code: "14" },
  { name: "a lost card", facts: { card: { ...card, status: "LOST" } }, code: "41" },
  { name: "a stolen card", facts: { card: { ...card, status: "STOLEN" } }, code: "43" },
  { name: "a blocked card", facts: { card: { ...card, status: "BLOCKED" } }, code: "05" },
  { name: "a faulty card", facts: { card: { ...card, status: "FAULTY" } }, code: "96" },
  {
    name: "a card that the issuer knows as expired",
    facts: { card: { ...card, expirationDate: "2512" } },
    code: "54",
  },
  {
    name: "a card that says itself that it is expired",
    facts: { presentedExpirationDate: "2001" },
    code: "54",
  },
  { name: "a card on the day after its last month", facts: { today: 20350101 }, code: "54" },
  {
    name: "a lost card with a wrong PIN, for being lost",
    facts: { pin: "WRONG", card: { ...card, status: "LOST" } },
    code: "41",
  },
  { name: "a wrong PIN", facts: { pin: "WRONG" }, code: "55" },
  { name: "a PIN after too many", facts: { pin: "TRIES_EXCEEDED" }, code: "75" },
  { name: "a PIN block that is none", facts: { pin: "REFUSED" }, code: "88" },
  {
    name: "a tap without PIN of a card that needs one",
    facts: {
      ...tap,
      verification: Verification.NONE,
      card: { ...card, isPinRequiredOnTap: true },
    },
    code: "1A",
  },
  {
    name: "a refund to a card that takes none",
    facts: { kind: PaymentKind.REFUND, card: { ...card, isRefundable: false } },
    code: "57",
  },
  {
    name: "cash without goods",
    facts: {
      kind: PaymentKind.AUTHORIZATION,
      amounts: { totalMinor: 1_250n, cashbackMinor: 1n },
    },
    code: "12",
  },
  {
    name: "a minor unit over the day's amount",
    facts: withAccount({ dailyAmountMinorMax: 5_249n }),
    code: "61",
  },
  { name: "one over the day's count", facts: withAccount({ dailyCountMax: 2 }), code: "65" },
  { name: "a minor unit over what is left", facts: amount(10_001n), code: "51" },
  {
    name: "a part where nothing is left",
    facts: { acceptPartial: true, ...withAccount({ balanceMinor: -10_000n }) },
    code: "51",
  },
  {
    name: "an amount that ends in 51, where that is asked for",
    facts: { ...simulating, ...amount(1_051n) },
    code: "51",
    because: "amount suffix 51",
  },
  {
    name: "an amount that ends in 05, where that is asked for",
    facts: { ...simulating, ...amount(105n) },
    code: "05",
    because: "amount suffix 05",
  },
  {
    name: "a stolen card before any simulation",
    facts: { ...simulating, ...amount(1_051n), card: { ...card, status: "STOLEN" } },
    code: "43",
  },
];

test.each(DECLINES)("declines $name", (row) => {
  expect(decide({ ...facts, ...row.facts })).toEqual({
    kind: "declined",
    responseCode: row.code,
    simulatedBecause: row.because ?? "",
  } satisfies Decision);
});

test("gives no answer to an amount that ends in 69, where that is asked for", () => {
  expect(decide({ ...facts, ...simulating, ...amount(1_069n) })).toEqual({ kind: "no answer" });
});

test.each([
  { name: "a sale", kind: PaymentKind.SALE, balanceMinor: -1_250n, spentMinor: 5_250n, count: 3 },
  {
    name: "an authorization",
    kind: PaymentKind.AUTHORIZATION,
    balanceMinor: -1_250n,
    spentMinor: 5_250n,
    count: 3,
  },
  {
    name: "a refund",
    kind: PaymentKind.REFUND,
    balanceMinor: 1_250n,
    spentMinor: 4_000n,
    count: 2,
  },
  {
    name: "an enquiry",
    kind: PaymentKind.BALANCE_ENQUIRY,
    balanceMinor: 0n,
    spentMinor: 4_000n,
    count: 2,
  },
])("the next decision of a batch sees $name", ({ kind, balanceMinor, spentMinor, count }) => {
  expect(afterApproval(account, { ...facts, kind }, 1_250n)).toEqual({
    ...account,
    balanceMinor,
    spentMinor,
    spentCount: count,
  });
});
