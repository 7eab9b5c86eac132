import { expect, test } from "vitest";
import { requireMerchantFacts } from "./merchant-facts.ts";

const facts = { merchantName: "Corner Coffee", country: 276, merchantCategoryCode: 5812 };

test.each([
  "Corner Coffee",
  "街角咖啡",
  "מאפיית הפינה",
  "قهوة الزاوية",
  "نان‌فروشی",
  "Café “Zum Eck” & Söhne №1",
  "☕️ Kaffee",
  "👩‍🍳 Küche",
  "x".repeat(40),
  "咖".repeat(40),
])("%j is a name", (merchantName) => {
  expect(() => requireMerchantFacts({ ...facts, merchantName })).not.toThrow();
});

test.each([
  { name: "nothing", merchantName: "" },
  { name: "blanks", merchantName: "   " },
  { name: "a blank before it", merchantName: " Corner" },
  { name: "NUL", merchantName: "Corner\u0000Coffee" },
  { name: "an escape", merchantName: "Corner\u001b[31mCoffee" },
  { name: "a bell", merchantName: "Corner\u0007" },
  { name: "a line end", merchantName: "Corner\nCoffee" },
  { name: "U+202E", merchantName: "Corner\u202eeeffoC" },
  { name: "an isolate", merchantName: "Corner\u2066Coffee" },
  { name: "a line separator", merchantName: "Corner\u2028Coffee" },
  { name: "half a pair", merchantName: "Corner\ud83d" },
  { name: "a private character", merchantName: "Corner\ue000" },
  { name: "41 characters", merchantName: "x".repeat(41) },
  { name: "450 characters", merchantName: "x".repeat(450) },
])("a name with $name is refused, and not quoted", ({ merchantName }) => {
  expect(() => requireMerchantFacts({ ...facts, merchantName })).toThrow(
    /^merchant_name must be 1 to 40 printable characters$/,
  );
});

test.each([
  { field: "country", change: { country: 0 } },
  { field: "country", change: { country: 1_000 } },
  { field: "merchant_category_code", change: { merchantCategoryCode: 10_000 } },
])("$field of $change is refused", ({ field, change }) => {
  expect(() => requireMerchantFacts({ ...facts, ...change })).toThrow(
    expect.objectContaining({ code: "MALFORMED_REQUEST", field }),
  );
});
