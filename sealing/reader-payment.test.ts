import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  AmountsSchema,
  CardDataSchema,
  EntryMode,
  PaymentKind,
  PinEntry,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { parseReaderPayment, SUBMIT_WITHIN_MS } from "../payment/payment-context.ts";
import { generateAgreement, generateSigner } from "./curves/curves.ts";
import { nodeCurves as curves } from "./curves/node-curves.ts";
import { digest, verify } from "./keys/dsse.ts";
import { openCardBox, openPinBox } from "./open/boxes.ts";
import { encipherPin, signReaderPayment } from "./reader-payment.ts";
import { seededRandom } from "./testing/seeded-random.ts";

const random = seededRandom(7);
const { signer: signing } = generateSigner({ curves, random });
const { agreement: processor } = generateAgreement({ curves, random });
const { agreement: pinService } = generateAgreement({ curves, random });
const NOW_MS = 1_764_000_000_123.5;
const PAN = "4111111111111111";

const card = { keyId: random.bytes(8), publicKey: processor.publicKey };
const pinRecipient = { keyId: random.bytes(8), publicKey: pinService.publicKey };
const recipients = { manifestNumber: 9n, card, pin: pinRecipient };
const common = {
  paymentId: Uint8Array.from(Buffer.from("01932b5e8c1a7f009d3b1f2e3d4c5b6a", "hex")),
  readerSerial: "SIM-0001",
  readerCertificateId: random.bytes(8),
  counter: 1n,
  kind: PaymentKind.SALE,
  amounts: create(AmountsSchema, { totalMinor: 1_250n }),
  currency: 978,
  merchantId: "CORNERCOFFEE001",
  terminalId: "TILL0001",
  terminalCertificateId: random.bytes(8),
  entryMode: EntryMode.CHIP,
};
const withPin = {
  ...common,
  verification: Verification.ONLINE_PIN,
  pinEntry: PinEntry.TERMINAL,
};
const withoutPin = { ...common, verification: Verification.NONE };

const cardData = () =>
  toBinary(CardDataSchema, create(CardDataSchema, { pan: PAN, expirationDate: "3012" }));
const enciphered = () =>
  encipherPin(
    { ksn: random.bytes(12), pinKey: random.bytes(16) },
    { pin: "1234", pan: PAN, random },
  );

/** Signed, with everything that is not given as in a payment without a PIN. */
function signed(changes: Partial<Parameters<typeof signReaderPayment>[0]> = {}) {
  const parts = { context: withoutPin, recipients, nowMs: NOW_MS, cardData: cardData() };
  return signReaderPayment({ ...parts, signing, curves, random, ...changes });
}

describe("a reader's payment", () => {
  test("is what a relay takes apart, under the reader's signature", () => {
    const { signed: payment, contextBytes, contextDigest } = signed();
    const { readerPayment: body, signature } = payment;
    const verifier = curves.verifier(signing.publicKey);
    expect(verify({ type: "reader-payment", body, signature, verifier })).toBe(true);
    const parsed = parseReaderPayment(body);
    expect(parsed.contextBytes).toEqual(contextBytes);
    expect(contextDigest).toEqual(digest("payment-context", contextBytes));
    expect(parsed.context.wire).toMatchObject({
      version: 1,
      manifestNumber: 9n,
      cardKeyId: card.keyId,
      readerTimeMs: BigInt(Math.floor(NOW_MS)),
      submitBeforeMs: BigInt(Math.floor(NOW_MS) + SUBMIT_WITHIN_MS),
    });
  });

  test("has its card in a box for the processor, bound to the context", () => {
    const { signed: payment, contextDigest } = signed();
    const { cardBox: sealed } = parseReaderPayment(payment.readerPayment);
    const opened = openCardBox({ agreement: processor, contextDigest, sealed });
    expect(fromBinary(CardDataSchema, opened).pan).toBe(PAN);
  });

  test("has its PIN in a box for the PIN service, and names that key", () => {
    const pin = enciphered();
    const { signed: payment, contextDigest } = signed({ context: withPin, pin });
    const { pinBox: sealed, context } = parseReaderPayment(payment.readerPayment);
    expect(openPinBox({ agreement: pinService, contextDigest, sealed })).toEqual(pin);
    expect(context.wire.pinKeyId).toEqual(pinRecipient.keyId);
  });

  test("without a PIN has no box for one and names no key, though there is one", () => {
    const { pinBox, context } = parseReaderPayment(signed().signed.readerPayment);
    expect([pinBox.length, context.wire.pinKeyId.length]).toEqual([0, 0]);
  });

  test("leaves no card data behind", () => {
    const clear = cardData();
    signed({ cardData: clear });
    expect(clear.every((byte) => byte === 0)).toBe(true);
  });

  test("with a PIN and no key for it is a bug", () => {
    const onlyCard = { manifestNumber: 9n, card };
    expect(() => signed({ context: withPin, recipients: onlyCard, pin: enciphered() })).toThrow(
      "bug: a PIN without a key to seal it for",
    );
  });
});

test.each([
  { name: "a PIN that was enciphered", pin: "1234", isRefused: false },
  { name: "a PIN that cannot be", pin: "12", isRefused: true },
])("the key of $name is gone", ({ pin, isRefused }) => {
  const pinKey = random.bytes(16);
  const run = () => encipherPin({ ksn: random.bytes(12), pinKey }, { pin, pan: PAN, random });
  if (isRefused) expect(run).toThrow();
  else expect(run().block).toHaveLength(16);
  expect(pinKey.every((byte) => byte === 0)).toBe(true);
});
