import { expect, test } from "vitest";
import { refusalWords } from "./refusal-words.ts";

test.each([
  {
    code: "CURRENCY_NOT_ACCEPTED",
    words:
      "the processor did not take this payment: the merchant takes no payments in this currency",
  },
  { code: "INTERNAL", words: "the processor did not take this payment" },
] as const)("$code is told in words", ({ code, words }) => {
  expect(refusalWords(code)).toBe(words);
});
