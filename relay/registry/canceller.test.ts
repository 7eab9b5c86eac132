import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { certificateIdOf } from "../../sealing/curves/hash.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { verifyTerminalCertificate } from "../../sealing/keys/certificates.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { type CancellerCheck, cancellerOf } from "./canceller.ts";

const NOW_MS = 1_780_000_000_000;
const IDENTITY = "spiffe://cardlane.test/terminal/ANOTHERSHOP0001/TILLNONE";
const MERCHANT = "ANOTHERSHOP0001";
const THIRD_MERCHANT = "THIRDSHOP000001";

let keys: TestKeys;
beforeAll(() => {
  keys = new TestKeys({ nowMs: NOW_MS });
});
afterAll(() => keys[Symbol.dispose]());

/** The registry of a relay that does not have the terminal. */
function check(wishes: { readonly nowMs?: number; readonly revoked?: boolean } = {}) {
  const { nowMs = NOW_MS, revoked = false } = wishes;
  const registry: CancellerCheck["registry"] = {
    terminalNow: async () => undefined,
    openTerminalCertificate: (envelope) => {
      try {
        const roots = keys.trustedRoots;
        return verifyTerminalCertificate({ curves: nodeCurves, roots, envelope, nowMs });
      } catch (error) {
        if (error instanceof PaymentError) return undefined;
        throw error;
      }
    },
  };
  return { registry, manifest: { isRevoked: () => revoked } };
}

const own = () => keys.anotherTerminal("TILLNONE", MERCHANT).certificate;

describe("a terminal that is not registered, and an id that nobody has brought", () => {
  test("is served with a certificate that names the merchant", async () => {
    const wish = { merchantId: MERCHANT, terminalCertificate: own() };
    expect(await cancellerOf(IDENTITY, wish, check())).toMatchObject({
      merchantId: MERCHANT,
      terminalId: "TILLNONE",
      refusal: { code: "TERMINAL_UNKNOWN" },
      unseenRefusal: undefined,
    });
  });

  interface Refusal {
    readonly name: string;
    readonly shown: () => SignedEnvelope | undefined;
    readonly wishes?: Parameters<typeof check>[0];
  }
  const refusals: readonly Refusal[] = [
    { name: "no certificate", shown: () => undefined },
    {
      name: "another terminal's",
      shown: () => keys.anotherTerminal("TILLELSE", MERCHANT).certificate,
    },
    {
      name: "one that names another merchant",
      shown: () => keys.anotherTerminal("TILLNONE", THIRD_MERCHANT).certificate,
    },
    { name: "a changed one", shown: () => ({ ...own(), payload: changed(own().payload) }) },
    { name: "a reader's", shown: () => keys.reader.certificate },
    { name: "one that is over", shown: own, wishes: { nowMs: NOW_MS * 2 } },
    { name: "a revoked one", shown: own, wishes: { revoked: true } },
  ];
  test.each(refusals)("is refused with $name", async ({ shown, wishes }) => {
    const wish = { merchantId: MERCHANT, terminalCertificate: shown() };
    expect(await cancellerOf(IDENTITY, wish, check(wishes))).toMatchObject({
      unseenRefusal: { code: "TERMINAL_UNKNOWN" },
    });
  });
});

test("what is revoked is looked up by the certificate's own id", async () => {
  const asked: Uint8Array[] = [];
  const manifest = { isRevoked: (id: Uint8Array) => asked.push(id) < 0 };
  const terminalCertificate = own();
  const wish = { merchantId: MERCHANT, terminalCertificate };
  await cancellerOf(IDENTITY, wish, { ...check(), manifest });
  expect(asked).toEqual([certificateIdOf(terminalCertificate.payload)]);
});

function changed(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
}
