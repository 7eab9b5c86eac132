import { afterAll, beforeAll, expect, test } from "vitest";
import { EntryMode, Verification } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type DeskBench, inWords, openDeskBench } from "../../test/fixtures/desk.ts";
import type { PaymentWishes } from "../../test/fixtures/reader-payment.ts";
import type { AuthorizationDesk } from "./authorization-desk.ts";

let bench: DeskBench;
let desks: readonly AuthorizationDesk[];

beforeAll(async () => {
  bench = await openDeskBench();
  desks = [bench.newDesks().authorizations, bench.newDesks().authorizations];
});
afterAll(() => bench[Symbol.asyncDispose]());

const TAP = { entryMode: EntryMode.CONTACTLESS, verification: Verification.NONE } as const;

const tapOf = (card: string): PaymentWishes => ({ card, totalMinor: 1_000n, context: TAP });

async function pay(wishes: PaymentWishes, desk = 0): Promise<string> {
  const isTap = wishes.context?.verification === Verification.NONE;
  const signed = bench.signer.sign({ ...wishes, ...(isTap && { pin: null }) });
  const payment = bench.incoming(signed, wishes);
  if (!isTap) payment.pin = "VERIFIED";
  const answer = await desks[desk]?.authorize(payment);
  return answer === undefined ? "" : inWords(answer).slice(0, 11).trim();
}

async function countOf(lastFour: string): Promise<number | undefined> {
  const [row] = await bench.query<{ tapped_count: number }>(
    `SELECT tapped_count FROM processor.account JOIN processor.card ON holder = pan_token
     WHERE last_four = $1 AND currency = 978`,
    [lastFour],
  );
  return row?.tapped_count;
}

test("after five taps a PIN is asked for, and then there are five more", async () => {
  const said: string[] = [];
  for (let place = 0; place < 7; place += 1) said.push(await pay(tapOf("visa")));
  expect(said).toEqual([...new Array(5).fill("APPROVED 00"), "DECLINED 1A", "DECLINED 1A"]);
  expect(await countOf("4242")).toBe(5);
  expect(await pay({ card: "visa", totalMinor: 1_000n })).toBe("APPROVED 00");
  expect(await countOf("4242")).toBe(0);
  expect(await pay(tapOf("visa"))).toBe("APPROVED 00");
});

test("of many taps at two processors at once five pass", async () => {
  const said = await Promise.all(
    Array.from({ length: 16 }, (_, place) => pay(tapOf("mastercard"), place % 2)),
  );
  expect(said.filter((words) => words === "APPROVED 00")).toHaveLength(5);
  expect(said.filter((words) => words === "DECLINED 1A")).toHaveLength(11);
  expect(await countOf("4444")).toBe(5);
});
