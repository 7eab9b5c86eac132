import { expect, test } from "vitest";
import { findTestCard } from "../payment/test-cards.ts";
import { Dice } from "./dice.ts";
import {
  CAPPED_CARD,
  COUNTED_CARD,
  POOR_CARD,
  planPayment,
  planWithRightPin,
} from "./payment-plan.ts";

const dice = new Dice("plans");
const plans = Array.from({ length: 1_000 }, () => planPayment(dice));

test("customers come with every kind, PIN and card that chaos is for", () => {
  const kinds = new Set(plans.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(["AUTHORIZATION", "REFUND", "SALE"]);
  expect([...new Set(plans.map(({ pin }) => pin))].sort()).toEqual(["none", "right", "wrong"]);
  const cards = new Set(plans.map(({ card }) => card));
  expect([...cards]).toEqual(expect.arrayContaining([CAPPED_CARD, COUNTED_CARD, POOR_CARD]));
  expect([...cards].filter((card) => findTestCard(card) === undefined)).toEqual([]);
});

test("a part will do for sales and authorizations alone", () => {
  const partial = plans.filter(({ acceptPartial }) => acceptPartial);
  expect(partial.length).toBeGreaterThan(0);
  expect(partial.filter(({ kind }) => kind === "REFUND")).toEqual([]);
});

test("after a wrong PIN the same is asked for with the right one", () => {
  const wrong = plans.find(({ pin }) => pin === "wrong");
  expect(wrong && planWithRightPin(wrong)).toEqual({ ...wrong, pin: "right" });
});
