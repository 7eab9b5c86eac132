import { expect, test } from "vitest";
import { EntryMode, PaymentKind, Verification } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { afterApproval, decide } from "./decide.ts";
import type { AccountFacts, DecisionFacts } from "./decision-facts.ts";

const account: AccountFacts = {
  balanceMinor: 0n,
  creditMinor: 100_000_000_000n,
  dailyAmountMinorMax: null,
  dailyCountMax: null,
  spentDay: 0,
  spentMinor: 0n,
  spentCount: 0,
  tappedMinor: 0n,
  tappedCount: 0,
};

const { CHIP, CONTACTLESS, MAGSTRIPE, FALLBACK } = EntryMode;
const { NONE, ONLINE_PIN, OFFLINE_PIN, SIGNATURE, DEVICE } = Verification;

interface Wishes {
  readonly how: readonly [EntryMode, Verification];
  readonly total: bigint;
  readonly cashback?: bigint;
  readonly currency?: string;
  readonly kind?: PaymentKind;
  readonly acceptPartial?: boolean;
  readonly account?: Partial<AccountFacts>;
  readonly refunds?: Partial<DecisionFacts["refunds"]>;
}

function factsOf({ how: [entryMode, verification], total, ...wishes }: Wishes): DecisionFacts {
  return {
    today: 20261201,
    kind: wishes.kind ?? PaymentKind.SALE,
    currency: currencyFromLetters(wishes.currency ?? "EUR"),
    amounts: { totalMinor: total, cashbackMinor: wishes.cashback ?? 0n },
    acceptPartial: wishes.acceptPartial ?? false,
    entryMode,
    verification,
    presentedExpirationDate: "3412",
    pin: verification === ONLINE_PIN ? "VERIFIED" : "NOT_ASKED",
    simulateByAmount: false,
    refunds: { mostMinor: 1_000_000n, doneMinor: 0n, ...wishes.refunds },
    card: {
      status: "ACTIVE",
      expirationDate: "3412",
      isPinRequiredOnTap: false,
      isRefundable: true,
      account: { ...account, ...wishes.account },
    },
  };
}

const codeOf = (wishes: Wishes) => {
  const decision = decide(factsOf(wishes));
  return decision.kind === "no answer" ? "" : decision.responseCode;
};

test.each<Wishes & { readonly name: string; readonly code: string }>([
  { name: "an inserted card without PIN, 250", how: [CHIP, NONE], total: 25_000n, code: "00" },
  { name: "the same, a cent more", how: [CHIP, NONE], total: 25_001n, code: "1A" },
  { name: "the same, 9,000", how: [CHIP, NONE], total: 900_000n, code: "1A" },
  { name: "an inserted card with PIN", how: [CHIP, ONLINE_PIN], total: 900_000n, code: "00" },
  { name: "a PIN of the chip's", how: [CHIP, OFFLINE_PIN], total: 100_000n, code: "00" },
  { name: "the same, a cent more", how: [CHIP, OFFLINE_PIN], total: 100_001n, code: "1A" },
  { name: "a chip's PIN at a tap", how: [CONTACTLESS, OFFLINE_PIN], total: 1n, code: "57" },
  { name: "a tap without PIN, 50", how: [CONTACTLESS, NONE], total: 5_000n, code: "00" },
  { name: "the same, a cent more", how: [CONTACTLESS, NONE], total: 5_001n, code: "1A" },
  { name: "the same, 4,000", how: [CONTACTLESS, NONE], total: 400_000n, code: "1A" },
  { name: "a tap with PIN", how: [CONTACTLESS, ONLINE_PIN], total: 400_000n, code: "00" },
  { name: "a device that taps", how: [CONTACTLESS, DEVICE], total: 100_000n, code: "00" },
  { name: "the same, a cent more", how: [CONTACTLESS, DEVICE], total: 100_001n, code: "1A" },
  { name: "a device that is inserted", how: [CHIP, DEVICE], total: 1n, code: "57" },
  { name: "a stripe with signature", how: [MAGSTRIPE, SIGNATURE], total: 100_000n, code: "00" },
  { name: "the same, a cent more", how: [MAGSTRIPE, SIGNATURE], total: 100_001n, code: "1A" },
  { name: "a stripe without anything", how: [MAGSTRIPE, NONE], total: 1n, code: "57" },
  { name: "a fall-back without anything", how: [FALLBACK, NONE], total: 1n, code: "57" },
  { name: "a fall-back with signature", how: [FALLBACK, SIGNATURE], total: 1_250n, code: "00" },
  {
    name: "a tap of 500 SEK",
    how: [CONTACTLESS, NONE],
    total: 50_000n,
    currency: "SEK",
    code: "00",
  },
  { name: "of 8,000 JPY", how: [CONTACTLESS, NONE], total: 8_000n, currency: "JPY", code: "00" },
  { name: "of 8,001 JPY", how: [CONTACTLESS, NONE], total: 8_001n, currency: "JPY", code: "1A" },
  { name: "of 50 KWD", how: [CONTACTLESS, NONE], total: 50_000n, currency: "KWD", code: "00" },
  { name: "of 51 USD", how: [CONTACTLESS, NONE], total: 5_100n, currency: "USD", code: "1A" },
  {
    name: "a refund to somebody unverified",
    how: [CHIP, NONE],
    total: 900_000n,
    kind: PaymentKind.REFUND,
    code: "00",
  },
])("$name is $code", ({ code, ...wishes }) => {
  expect(codeOf(wishes)).toBe(code);
});

test.each<Wishes & { readonly name: string; readonly code: string }>([
  {
    name: "with goods and a PIN",
    how: [CHIP, ONLINE_PIN],
    total: 300n,
    cashback: 299n,
    code: "00",
  },
  { name: "and nothing else", how: [CHIP, ONLINE_PIN], total: 300n, cashback: 300n, code: "12" },
  { name: "without a PIN", how: [CHIP, NONE], total: 300n, cashback: 1n, code: "1A" },
  { name: "on a tap", how: [CONTACTLESS, NONE], total: 300n, cashback: 1n, code: "1A" },
  { name: "on a device's word", how: [CONTACTLESS, DEVICE], total: 300n, cashback: 1n, code: "1A" },
  { name: "on a signature", how: [MAGSTRIPE, SIGNATURE], total: 300n, cashback: 1n, code: "1A" },
  {
    name: "where there is only a part",
    how: [CHIP, ONLINE_PIN],
    total: 300n,
    cashback: 100n,
    acceptPartial: true,
    account: { creditMinor: 250n },
    code: "51",
  },
])("cash $name is $code", ({ code, ...wishes }) => {
  expect(codeOf(wishes)).toBe(code);
});

test.each([
  { name: "the fifth", tapped: { tappedCount: 4, tappedMinor: 4n }, code: "00" },
  { name: "the sixth", tapped: { tappedCount: 5, tappedMinor: 5n }, code: "1A" },
  { name: "up to 150 together", tapped: { tappedCount: 3, tappedMinor: 10_000n }, code: "00" },
  { name: "beyond 150 together", tapped: { tappedCount: 3, tappedMinor: 10_001n }, code: "1A" },
])("of taps without a PIN $name is $code", ({ tapped, code }) => {
  expect(codeOf({ how: [CONTACTLESS, NONE], total: 5_000n, account: tapped })).toBe(code);
  // An inserted card, a device and a PIN are no such taps.
  expect(codeOf({ how: [CHIP, NONE], total: 5_000n, account: tapped })).toBe("00");
  expect(codeOf({ how: [CONTACTLESS, DEVICE], total: 5_000n, account: tapped })).toBe("00");
  expect(codeOf({ how: [CONTACTLESS, ONLINE_PIN], total: 5_000n, account: tapped })).toBe("00");
});

test("taps are counted until a right PIN, whatever is between", () => {
  const after = (before: AccountFacts, wishes: Omit<Wishes, "total">) =>
    afterApproval(before, factsOf({ total: 1_000n, ...wishes }), 1_000n);
  const tapped = after(after(account, { how: [CONTACTLESS, NONE] }), { how: [CONTACTLESS, NONE] });
  expect(tapped).toMatchObject({ tappedCount: 2, tappedMinor: 2_000n });
  for (const how of [
    [CHIP, NONE],
    [CONTACTLESS, DEVICE],
    [MAGSTRIPE, SIGNATURE],
  ] as const) {
    expect(after(tapped, { how })).toMatchObject({ tappedCount: 2, tappedMinor: 2_000n });
  }
  expect(after(tapped, { how: [CHIP, ONLINE_PIN] })).toMatchObject({
    tappedCount: 0,
    tappedMinor: 0n,
  });
});

test.each([
  { name: "within the day's limit", total: 400_000n, done: 600_000n, code: "00" },
  { name: "a cent beyond it", total: 400_001n, done: 600_000n, code: "13" },
  { name: "of 9,999,999,999.99", total: 999_999_999_999n, done: 0n, code: "13" },
  { name: "where none are allowed", total: 1n, done: 0n, most: 0n, code: "58" },
])("a refund without a sale $name is $code", ({ total, done, most = 1_000_000n, code }) => {
  const refunds = { mostMinor: most, doneMinor: done };
  const kind = PaymentKind.REFUND;
  expect(codeOf({ how: [CHIP, NONE], total, kind, refunds })).toBe(code);
  // A sale is none.
  expect(codeOf({ how: [CHIP, ONLINE_PIN], total: 1n, refunds })).toBe("00");
});
