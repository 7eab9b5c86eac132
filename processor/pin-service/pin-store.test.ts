import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../mesh/clock.ts";
import { newPaymentId } from "../../payment/identifiers.ts";
import { withOneBitFlipped } from "../../sealing/testing/one-bit-flipped.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import { freshDatabase } from "../../test/setup/database.ts";
import { Database } from "../database.ts";
import { type Attempt, type PinCard, PinStore, type SettledAttempt } from "./pin-store.ts";

const random = seededRandom("pin store");
const stack = new AsyncDisposableStack();
/** Two instances of the PIN service. */
let stores: readonly [PinStore, PinStore];

beforeAll(async () => {
  const { url } = stack.use(await freshDatabase("processor"));
  const open = () => new PinStore(stack.use(new Database({ url, program: "test" })));
  stores = [open(), open()];
});
afterAll(() => stack.disposeAsync());

/** A card that nobody has tried yet. */
async function newCard(): Promise<PinCard> {
  const card = { cardToken: random.bytes(32), pinReference: random.bytes(32) };
  await stores[0].putCards([card]);
  return card;
}

function attempt({ cardToken, pinReference }: PinCard, isRight: boolean): Attempt {
  const entered = isRight ? pinReference : withOneBitFlipped(pinReference)[31];
  if (entered === undefined) throw new Error("bug: a reference has 32 bytes");
  const paymentId = newPaymentId(systemClock.nowMs(), random.bytes(10));
  const payment = { ksn: random.bytes(12), digest: random.bytes(64), paymentId };
  return { ...payment, cardToken, pinReference: entered };
}

function inWords(settled: readonly SettledAttempt[]): readonly string[] {
  return settled.map(({ verdict, triesLeft }) => `${verdict} ${triesLeft}`);
}

test("three wrong PINs use the tries up, then even the right one is refused", async () => {
  const card = await newCard();
  const attempts = [false, false, false, true].map((isRight) => attempt(card, isRight));
  expect(inWords(await stores[0].settle(attempts))).toEqual([
    "WRONG 2",
    "WRONG 1",
    "WRONG 0",
    "TRIES_EXCEEDED 0",
  ]);
});

test("a locked card that is unlocked has all its tries, and another one stays locked", async () => {
  const [card, other] = [await newCard(), await newCard()];
  const attempts = [card, card, card, other, other, other].map((one) => attempt(one, false));
  await stores[0].settle(attempts);
  await stores[0].unlock([card.cardToken]);
  const again = await stores[1].settle([attempt(card, false), attempt(other, true)]);
  expect(inWords(again)).toEqual(["WRONG 2", "TRIES_EXCEEDED 0"]);
  expect(inWords(await stores[0].settle(attempts.slice(0, 1)))).toEqual(["WRONG 2"]);
});

test("a right PIN gives all tries back", async () => {
  const card = await newCard();
  expect(inWords(await stores[0].settle([attempt(card, false)]))).toEqual(["WRONG 2"]);
  expect(inWords(await stores[1].settle([attempt(card, true)]))).toEqual(["VERIFIED 3"]);
  expect(inWords(await stores[0].settle([attempt(card, false)]))).toEqual(["WRONG 2"]);
});

test("fifty wrong PINs at once, over two instances, count exactly three", async () => {
  const card = await newCard();
  const attempts = Array.from({ length: 50 }, () => attempt(card, false));
  const given = await Promise.all(
    attempts.map((one, index) => stores[index % 2 === 0 ? 0 : 1].settle([one])),
  );
  const words = inWords(given.flat()).toSorted();
  expect(words.filter((word) => word.startsWith("WRONG"))).toEqual([
    "WRONG 0",
    "WRONG 1",
    "WRONG 2",
  ]);
  expect(words.filter((word) => word === "TRIES_EXCEEDED 0")).toHaveLength(47);
});

test("the same payment again gets the same verdict and counts nothing", async () => {
  const card = await newCard();
  const wrong = attempt(card, false);
  const given = await Promise.all([
    stores[0].settle([wrong]),
    stores[1].settle([wrong]),
    stores[0].settle([wrong, wrong]),
  ]);
  expect(new Set(inWords(given.flat()))).toEqual(new Set(["WRONG 2"]));
  expect(inWords(await stores[0].settle([attempt(card, false)]))).toEqual(["WRONG 1"]);
});

test("a verdict stays what it was after later tries", async () => {
  const card = await newCard();
  const right = attempt(card, true);
  await stores[0].settle([right]);
  await stores[0].settle([attempt(card, false), attempt(card, false), attempt(card, false)]);
  expect(inWords(await stores[1].settle([right]))).toEqual(["VERIFIED 3"]);
  expect(inWords(await stores[1].settle([attempt(card, true)]))).toEqual(["TRIES_EXCEEDED 0"]);
});

test("a key serial number serves one payment only", async () => {
  const card = await newCard();
  const first = attempt(card, true);
  const second = { ...attempt(card, false), ksn: first.ksn };
  await stores[0].settle([first]);
  expect((await stores[1].settle([second]))[0]?.verdict).toBe("REFUSED");
  expect(inWords(await stores[0].settle([attempt(card, false)]))).toEqual(["WRONG 2"]);
});

test("many cards in one batch, in any order, at two instances at once", async () => {
  const cards = await Promise.all(Array.from({ length: 20 }, newCard));
  const batches = [cards, cards.toReversed()].map((some) =>
    some.map((card) => attempt(card, false)),
  );
  const given = await Promise.all([
    stores[0].settle(batches[0] ?? []),
    stores[1].settle(batches[1] ?? []),
  ]);
  expect(inWords(given.flat()).toSorted()).toEqual([
    ...Array<string>(20).fill("WRONG 1"),
    ...Array<string>(20).fill("WRONG 2"),
  ]);
});

test("a new PIN is the right one from then on, and gives no tries back", async () => {
  const card = await newCard();
  await stores[0].settle([attempt(card, false)]);
  const renewed = { ...card, pinReference: random.bytes(32) };
  await stores[0].putCards([renewed]);
  const attempts = [attempt(card, true), attempt(renewed, true)];
  expect(inWords(await stores[0].settle(attempts))).toEqual(["WRONG 1", "VERIFIED 3"]);
});

test("for a card that is not known nothing is counted or kept, others are", async () => {
  const card = await newCard();
  const stranger = { cardToken: random.bytes(32), pinReference: random.bytes(32) };
  const early = attempt(stranger, true);
  const batch = [attempt(card, false), early, attempt(card, false), attempt(stranger, false)];
  expect(inWords(await stores[0].settle(batch))).toEqual([
    "WRONG 2",
    "REFUSED 0",
    "WRONG 1",
    "REFUSED 0",
  ]);
  await stores[0].putCards([stranger]);
  expect(inWords(await stores[1].settle([early]))).toEqual(["VERIFIED 3"]);
});
