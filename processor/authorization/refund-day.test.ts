import { afterAll, beforeAll, expect, test } from "vitest";
import { PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type DeskBench, inWords, openDeskBench, REFUNDS_A_DAY } from "../../test/fixtures/desk.ts";
import type { AuthorizationDesk } from "./authorization-desk.ts";

const DAY_MS = 86_400_000;
const MOST_MINOR = BigInt(REFUNDS_A_DAY) * 100n;

let bench: DeskBench;
let desk: AuthorizationDesk;

beforeAll(async () => {
  bench = await openDeskBench();
  desk = bench.newDesks().authorizations;
});
afterAll(() => bench[Symbol.asyncDispose]());

async function refund(totalMinor: bigint, currency = 978): Promise<string> {
  const wishes = { totalMinor, pin: null, context: { kind: PaymentKind.REFUND, currency } };
  const answer = await desk.authorize(bench.incoming(bench.signer.sign(wishes), wishes));
  return inWords(answer).slice(0, 11);
}

test("a merchant refunds so much a day, in each currency, and the next day again", async () => {
  expect(await refund(MOST_MINOR + 1n)).toBe("DECLINED 13");
  expect(await refund(MOST_MINOR - 100n)).toBe("APPROVED 00");
  expect(await refund(101n)).toBe("DECLINED 13");
  expect(await refund(101n, 840)).toBe("APPROVED 00");
  expect(await refund(100n)).toBe("APPROVED 00");
  expect(await refund(1n)).toBe("DECLINED 13");
  await bench.putForward(DAY_MS);
  expect(await refund(MOST_MINOR)).toBe("APPROVED 00");
  // Of refunds that are decided together each sees the ones before it.
  await bench.putForward(DAY_MS);
  const half = MOST_MINOR / 2n;
  const said = await Promise.all([half, half, half].map((minor) => refund(minor)));
  expect(said.toSorted()).toEqual(["APPROVED 00", "APPROVED 00", "DECLINED 13"]);
});
