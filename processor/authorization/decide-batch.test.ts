import { afterAll, expect, test } from "vitest";
import { incomingPayment } from "../../test/fixtures/incoming-payment.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { PaymentSigner } from "../../test/fixtures/reader-payment.ts";
import { decideBatch, type Verdict } from "./decide-batch.ts";
import type { IncomingPayment } from "./incoming-payment.ts";
import type { BatchFacts } from "./payment-facts.ts";

const nowMs = 1_767_225_600_000;
const keys = new TestKeys({ nowMs });
afterAll(() => keys[Symbol.dispose]());
const signer = new PaymentSigner({ keys, nowMs: () => nowMs });

function submit(totalMinor = 600n): IncomingPayment {
  return incomingPayment(signer.sign({ pin: null, totalMinor }), new Uint8Array(32), keys);
}

/** A card with 1,000 left. */
const facts: BatchFacts = {
  today: 20260101,
  existing: undefined,
  isCounterUsed: false,
  suspendedReader: undefined,
  relayState: "ACTIVE",
  reader: { state: "ACTIVE", merchantId: keys.terminal.merchantId },
  terminal: { state: "ACTIVE", currencies: [978], simulateByAmount: false },
  registryRevision: 0n,
  isCardKnown: true,
  card: {
    status: "ACTIVE",
    expirationDate: "3412",
    isPinRequiredOnTap: false,
    isRefundable: true,
    account: {
      balanceMinor: 0n,
      creditMinor: 1_000n,
      dailyAmountMinorMax: null,
      dailyCountMax: null,
      spentDay: 0,
      spentMinor: 0n,
      spentCount: 0,
      tappedMinor: 0n,
      tappedCount: 0,
    },
  },
  accounts: { cardholder: 1n, merchant: 2n, clearing: 3n },
  refundedMinor: 0n,
  previous: undefined,
};

function inWords(verdict: Verdict): string {
  return verdict.kind === "decided" ? `${verdict.decision.kind}` : verdict.kind;
}

test("each decision of a batch sees what the ones before it spent", () => {
  const verdicts = decideBatch([submit(), submit(), submit(400n)], [facts, facts, facts], nowMs, 0);
  expect(verdicts.map(inWords)).toEqual(["approved", "declined", "approved"]);
});

test("the same payment or counter again waits for the first to be written", () => {
  const first = submit();
  const sameCounter = { ...submit(), content: first.content };
  const verdicts = decideBatch([first, first, sameCounter], [facts, facts, facts], nowMs, 0);
  expect(verdicts.map(inWords)).toEqual(["approved", "read again", "read again"]);
});

test("after a counter that was used twice nothing of that reader is decided", () => {
  const first = submit();
  const sameCounter = { ...submit(), content: first.content };
  const verdicts = decideBatch(
    [first, sameCounter, submit(), first],
    [facts, facts, facts, facts],
    nowMs,
    0,
  );
  const again = "read again";
  expect(verdicts.map(inWords)).toEqual(["approved", again, again, again]);
});

test("a payment that is repeated says nothing against its reader", () => {
  const first = submit();
  const verdicts = decideBatch([first, first, submit(400n)], [facts, facts, facts], nowMs, 0);
  expect(verdicts.map(inWords)).toEqual(["approved", "read again", "approved"]);
});

test("a refused payment does not hold up another with its counter", () => {
  const first = submit();
  const suspended = {
    ...facts,
    terminal: { state: "SUSPENDED", currencies: [978], simulateByAmount: false },
  };
  const verdicts = decideBatch(
    [first, { ...submit(), content: first.content }],
    [suspended, facts],
    nowMs,
    0,
  );
  expect(verdicts.map(inWords)).toEqual(["answered", "approved"]);
});

test("a card that is known waits for its accounts, one that is not is declined without", () => {
  const unopened = { ...facts, card: undefined, accounts: undefined };
  const verdicts = decideBatch(
    [submit(), submit()],
    [unopened, { ...unopened, isCardKnown: false }],
    nowMs,
    0,
  );
  expect(verdicts.map(inWords)).toEqual(["accounts missing", "declined"]);
});
