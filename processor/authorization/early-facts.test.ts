import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PaymentKind, ResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type DeskBench, inBytes, inWords, openDeskBench } from "../../test/fixtures/desk.ts";
import type { PaymentWishes } from "../../test/fixtures/reader-payment.ts";
import type { EntryAnswer } from "../payments/entry-answer.ts";
import type { PinOutcome } from "../pins/pin-client.ts";
import { type AuthorizationDesk, EARLY_FACTS_MS_MAX, earlyFactsOf } from "./authorization-desk.ts";
import type { IncomingPayment } from "./incoming-payment.ts";

let bench: DeskBench;
let one: AuthorizationDesk;
let other: AuthorizationDesk;

beforeAll(async () => {
  bench = await openDeskBench();
  one = bench.newDesks().authorizations;
  other = bench.newDesks().authorizations;
  // Its accounts are open then.
  await other.authorize(submit());
});
afterAll(() => bench[Symbol.asyncDispose]());

const APPROVED = "APPROVED 00 revision 1";

function submit(wishes: PaymentWishes = {}): IncomingPayment {
  return bench.incoming(bench.signer.sign({ pin: null, ...wishes }), wishes);
}

/** A payment as it comes back from its PIN, with facts that get no older while a test runs. */
async function lookedAt(wishes: PaymentWishes = {}, pin: PinOutcome = "VERIFIED") {
  const payment = submit(wishes);
  const early = { ...(await one.read(payment)), readAtMs: Number.POSITIVE_INFINITY };
  return { ...payment, pin, early };
}

async function spend(card: string, totalMinor: bigint): Promise<void> {
  expect(inWords(await other.authorize(submit({ card, totalMinor })))).toBe(APPROVED);
}

async function payBack(card: string, totalMinor: bigint): Promise<void> {
  const refund = submit({ card, totalMinor, context: { kind: PaymentKind.REFUND } });
  expect(inWords(await other.authorize(refund))).toBe(APPROVED);
}

/** A card with 10.00 and open accounts. @returns its name. */
async function tenOn(card: string): Promise<string> {
  await bench.putCard(card, { creditMinor: 1_000n });
  await other.authorize(submit({ card, totalMinor: 0n, context: ENQUIRY }));
  return card;
}

const ENQUIRY = { kind: PaymentKind.BALANCE_ENQUIRY };

function balanceIn(answer: EntryAnswer): bigint | undefined {
  const result = answer.kind === "result" ? answer.stored.result : new Uint8Array();
  return fromBinary(ResultSchema, result).balanceMinor;
}

function setTerminal(state: "ACTIVE" | "SUSPENDED") {
  return bench.query("UPDATE processor.terminal SET state = $1", [state]);
}

function setCard(lastFour: string, status: "ACTIVE" | "BLOCKED") {
  return bench.query("UPDATE processor.card SET status = $2 WHERE last_four = $1", [
    lastFour,
    status,
  ]);
}

test("an approval stands on what was read before the PIN was asked about", async () => {
  const payment = await lookedAt();
  const lastFour = payment.content?.lastFour ?? "";
  await setCard(lastFour, "BLOCKED");
  const answer = await one.authorize(payment);
  await setCard(lastFour, "ACTIVE");
  expect(inWords(answer)).toBe(APPROVED);
});

test("a device that was suspended since ends that", async () => {
  const payment = await lookedAt();
  await setTerminal("SUSPENDED");
  const answer = await one.authorize(payment);
  await setTerminal("ACTIVE");
  expect(inWords(answer)).toBe("TERMINAL_NOT_ACTIVE");
});

describe("reads again", () => {
  test("facts that are too old", async () => {
    const payment = await lookedAt();
    const early = { ...payment.early, readAtMs: Number.NEGATIVE_INFINITY };
    await setTerminal("SUSPENDED");
    const answer = await one.authorize({ ...payment, early });
    await setTerminal("ACTIVE");
    expect(inWords(answer)).toBe("TERMINAL_NOT_ACTIVE");
  });

  test("for a batch of which one payment was not looked at", async () => {
    const batch = [await lookedAt(), submit()];
    await setTerminal("SUSPENDED");
    const answers = await Promise.all(batch.map((payment) => one.authorize(payment)));
    await setTerminal("ACTIVE");
    expect(answers.map(inWords)).toEqual(["TERMINAL_NOT_ACTIVE", "TERMINAL_NOT_ACTIVE"]);
  });

  test.each<{ name: string; pin: PinOutcome }>([
    { name: "a wrong PIN", pin: "WRONG" },
    { name: "a PIN without tries", pin: "TRIES_EXCEEDED" },
    { name: "a PIN that was refused", pin: "REFUSED" },
  ])("for $name: a card blocked meanwhile is told as blocked", async ({ pin }) => {
    const payment = await lookedAt({}, pin);
    await setCard("4242", "BLOCKED");
    const answer = await one.authorize(payment);
    await setCard("4242", "ACTIVE");
    expect(inWords(answer)).toBe("DECLINED 05 revision 1");
  });

  test("for a payment that came too late for its PIN's verdict", async () => {
    const payment = await lookedAt();
    const first = await other.authorize(payment);
    const refusal = new PaymentError("DEADLINE_EXCEEDED", "time_left_ms is over");
    expect(inBytes(await one.authorize({ ...payment, refusal }))).toBe(inBytes(first));
  });
});

/** What somebody else did with the payment while its PIN was on its way. */
const MEANWHILE: readonly {
  name: string;
  happens: (payment: IncomingPayment) => Promise<EntryAnswer>;
  word: string;
}[] = [
  {
    name: "the payment was approved at another processor",
    happens: (payment) => other.authorize({ ...payment, early: undefined }),
    word: APPROVED,
  },
  {
    name: "its id was used for other bytes",
    happens: (payment) => other.authorize({ ...submit(), context: payment.context }),
    word: "DUPLICATE_DIFFERS",
  },
  {
    name: "another relay brought it",
    happens: (payment) => otherRelay({ ...payment, early: undefined }),
    word: "OWNED_ELSEWHERE",
  },
  {
    name: "its reader's counter was used",
    happens: ({ content }) => other.authorize({ ...submit(), content }),
    word: "COUNTER_REUSED",
  },
];

/** Registers a second relay and lets it bring the payment. */
async function otherRelay(payment: IncomingPayment): Promise<EntryAnswer> {
  await bench.query("INSERT INTO processor.relay VALUES ('B2', '\\x02', '\\x', 'ACTIVE')");
  return await other.authorize({ ...payment, relayId: "B2" });
}

test.each(MEANWHILE)("meanwhile $name: $word", async ({ happens, word }) => {
  const payment = await lookedAt();
  expect(inWords(await happens(payment))).toBe(APPROVED);
  expect(inWords(await one.authorize(payment))).toBe(word);
  await bench.releaseReader();
});

test("meanwhile the payment was decided: the answer is the first one, to the byte", async () => {
  const payment = await lookedAt();
  const first = await other.authorize(payment);
  const again = await Promise.all([one.authorize(payment), one.authorize({ ...payment })]);
  expect(again.map(inBytes)).toEqual([inBytes(first), inBytes(first)]);
});

test("meanwhile the payment was reversed: it stays so, and posts nothing", async () => {
  const signed = bench.signer.sign({ pin: null });
  const payment = bench.incoming(signed);
  const early = await one.read(payment);
  const { reversals } = bench.newDesks();
  const order = bench.reversal(signed);
  const reversed = await reversals.reverse({ order, span: payment.span });
  expect(inWords(reversed)).toBe("REVERSED 68 revision 1");
  expect(inBytes(await one.authorize({ ...payment, early }))).toBe(inBytes(reversed));
  const postings = await bench.query("SELECT 1 FROM processor.posting WHERE payment_id = $1", [
    payment.context.paymentId,
  ]);
  expect(postings).toEqual([]);
});

test("a counter that two payments of one batch have is used once", async () => {
  const first = await lookedAt();
  const second = { ...(await lookedAt()), content: first.content };
  const answers = await Promise.all([one.authorize(first), one.authorize(second)]);
  expect(answers.map(inWords)).toEqual([APPROVED, "COUNTER_REUSED"]);
  await bench.releaseReader();
});

describe("money that moved while the PIN was on its way", () => {
  test.each<{
    name: string;
    card: string;
    totalMinor: bigint;
    acceptPartial: boolean;
    move: (card: string) => Promise<void>;
    word: string;
  }>([
    {
      name: "is gone",
      card: "mastercard",
      totalMinor: 600n,
      acceptPartial: false,
      move: (card) => spend(card, 500n),
      word: "DECLINED 51 revision 1",
    },
    {
      name: "is gone, and what is left will do",
      card: "amex",
      totalMinor: 600n,
      acceptPartial: true,
      move: (card) => spend(card, 500n),
      word: "PARTIALLY_APPROVED 10 revision 1",
    },
    {
      name: "came, and is enough now",
      card: "discover",
      totalMinor: 1_500n,
      acceptPartial: false,
      move: (card) => payBack(card, 2_000n),
      word: APPROVED,
    },
    {
      name: "came, and all is approved instead of a part",
      card: "diners",
      totalMinor: 1_500n,
      acceptPartial: true,
      move: (card) => payBack(card, 2_000n),
      word: APPROVED,
    },
  ])("$name", async ({ card, totalMinor, acceptPartial, move, word }) => {
    await tenOn(card);
    const payment = await lookedAt({ card, totalMinor, context: { acceptPartial } });
    await move(card);
    expect(inWords(await one.authorize(payment))).toBe(word);
  });

  test("is in the balance that is told", async () => {
    const card = await tenOn("jcb");
    const wishes = { card, totalMinor: 0n, context: ENQUIRY };
    const payment = await lookedAt(wishes);
    await spend(card, 300n);
    const later = { ...(await lookedAt(wishes)), early: undefined };
    const told = [await one.authorize(payment), await one.authorize(later)].map(balanceIn);
    expect(told).toEqual([700n, 700n]);
  });

  test("is not missed by a payment after one that stands on less", async () => {
    const card = await tenOn("unionpay");
    const first = await lookedAt({ card, totalMinor: 900n });
    await payBack(card, 5_000n);
    const second = await lookedAt({ card, totalMinor: 2_000n });
    const answers = await Promise.all([one.authorize(first), one.authorize(second)]);
    expect(answers.map(inWords)).toEqual([APPROVED, APPROVED]);
  });
});

test("what is left on a card is spent exactly, by two processors that looked early", async () => {
  const card = await tenOn("visa_debit");
  await payBack(card, 9_000n);
  const looked = await Promise.all(
    Array.from({ length: 40 }, () => lookedAt({ card, totalMinor: 1_000n })),
  );
  const answers = await Promise.all(
    looked.map((payment, index) => (index % 2 === 0 ? one : other).authorize(payment)),
  );
  const words = answers.map(inWords).toSorted();
  expect(words.filter((word) => word === APPROVED)).toHaveLength(10);
  expect(new Set(words.slice(10))).toEqual(new Set(["DECLINED 51 revision 1"]));
});

test.each([
  { name: "as old as they may be", ages: [EARLY_FACTS_MS_MAX, 0], isUsed: true },
  { name: "one too old", ages: [0, EARLY_FACTS_MS_MAX + 1], isUsed: false },
  { name: "one missing", ages: [0, undefined], isUsed: false },
])("early facts serve a whole batch or none of it: $name", async ({ ages, isUsed }) => {
  const { early, ...payment } = await lookedAt();
  const nowMs = 1_000;
  const batch = ages.map((age) => ({
    ...payment,
    early: age === undefined ? undefined : { ...early, readAtMs: nowMs - age },
  }));
  const expected = isUsed ? ages.map(() => early.facts) : undefined;
  expect(earlyFactsOf(batch, nowMs)).toEqual(expected);
});
