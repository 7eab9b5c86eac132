import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ValuesOf } from "../io/flags.ts";
import type { PAY_FLAGS } from "../pay/pay-arguments.ts";
import { recordedIo } from "../testing/recorded-io.ts";
import { pay } from "./pay.ts";

/** Nothing is there, so a command that gets as far as the mesh says that none runs. */
const NO_MESH = "no mesh runs on";
const PIN_MISSING = "asks for a PIN and there is no terminal to ask at: give --pin";

type Typed = Partial<ValuesOf<typeof PAY_FLAGS>>;

test.each<{ name: string; amount?: string; options: Typed; says: string }>([
  { name: "a chip and its PIN", options: { pin: "1234" }, says: NO_MESH },
  { name: "a chip without a PIN", options: {}, says: PIN_MISSING },
  { name: "a chip with its PIN on the reader", options: { pinOnReader: true }, says: PIN_MISSING },
  { name: "a small tap", options: { tap: true }, says: NO_MESH },
  { name: "a large tap", amount: "50.01", options: { tap: true }, says: PIN_MISSING },
  { name: "a stripe", options: { swipe: true }, says: NO_MESH },
  {
    name: "a payment that may be over",
    options: { id: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a" },
    says: NO_MESH,
  },
])("$name with nobody at the keyboard", async ({ amount = "12.50", options, says }) => {
  const dataDir = join(tmpdir(), "cardlane-no-such-mesh");
  const untyped = { kind: "sale", card: "visa", yes: true, dataDir };
  const paying = pay(recordedIo(), amount, "EUR", { ...untyped, ...options });
  await expect(paying).rejects.toThrow(says);
});
