import { create, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import {
  CardDataSchema,
  EntryMode,
  Outcome,
  PaymentContextSchema,
  PaymentKind,
  PinEntry,
  ReaderPaymentSchema,
  ResultSchema,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { parsePaymentId, paymentIdToBytes } from "../payment/identifiers.ts";
import { sealCardBox } from "../sealing/boxes/card-box.ts";
import { sealHopBox } from "../sealing/boxes/hop-box.ts";
import { sha512 } from "../sealing/curves/hash.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import { SharedKeys } from "../sealing/curves/shared-keys.ts";
import { digest, sign } from "../sealing/keys/dsse.ts";
import { derivePinKey } from "../sealing/open/dukpt-host.ts";
import { deriveInitialKey, keySerialNumber } from "../sealing/pin/dukpt.ts";
import { encipherPinBlock } from "../sealing/pin/pin-block.ts";
import { sealPinBox } from "../sealing/pin/pin-box.ts";
import type { Random } from "../sealing/random.ts";

/** Everything that goes in: one byte repeated, so that it can be typed in any language. */
const repeated = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const fixed = (byte: number): Random => ({ bytes: (length) => repeated(byte, length) });
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const PAN = "4242424242424242";
const PIN = "1234";
const baseDerivationKey = new Uint8Array(Buffer.from("FEDCBA9876543210F1F1F1F1F1F1F1F1", "hex"));
const initialKeyId = new Uint8Array(Buffer.from("1234567890123456", "hex"));

const signing = curves.signer(repeated(0x01));
const cardKey = curves.agreement(repeated(0x02));
const pinKey = curves.agreement(repeated(0x03));
const resultKey = curves.signer(repeated(0x04));
const relayHop = curves.agreement(repeated(0x05));
const processorHop = curves.agreement(repeated(0x06));

/** The example's messages in protobuf's JSON: bytes in base64, 64-bit numbers as text. */
export function workedExampleInputs(): Record<string, JsonValue> {
  const { contextDigest } = exampleContextBytes();
  return {
    context: toJson(PaymentContextSchema, exampleContext()),
    card_data: toJson(CardDataSchema, exampleCardData()),
    result: toJson(ResultSchema, exampleResult(contextDigest)),
  };
}

/**
 * The payment of docs/protocol/example.md: every byte from fixed inputs, hex throughout.
 * The names are those of the document and of test/vectors/worked-example.json.
 */
export function workedExample(): Record<string, string> {
  const { context, contextDigest } = exampleContextBytes();
  const cardBox = sealCardBox({
    curves,
    random: fixed(0x11),
    recipientPublicKey: cardKey.publicKey,
    contextDigest,
    cardData: toBinary(CardDataSchema, exampleCardData()),
  });
  const ksn = keySerialNumber(initialKeyId, 1);
  const block = encipherPinBlock({
    pinKey: derivePinKey(baseDerivationKey, ksn),
    pin: PIN,
    pan: PAN,
    random: fixed(0x12),
  });
  const pinBox = sealPinBox({
    curves,
    random: fixed(0x13),
    recipientPublicKey: pinKey.publicKey,
    contextDigest,
    ksn,
    block,
  });
  const readerPayment = toBinary(
    ReaderPaymentSchema,
    create(ReaderPaymentSchema, { context, cardBox, pinBox }),
  );
  const result = toBinary(ResultSchema, exampleResult(contextDigest));
  const sharedKeys = new SharedKeys({ agreement: relayHop, peersMax: 1 });
  return {
    initial_key: hex(deriveInitialKey(baseDerivationKey, initialKeyId)),
    context: hex(context),
    context_digest: hex(contextDigest),
    card_box: hex(cardBox),
    key_serial_number: hex(ksn),
    pin_block: hex(block),
    pin_box: hex(pinBox),
    idempotency_digest: hex(sha512(readerPayment)),
    payment_signature: hex(sign("reader-payment", readerPayment, signing)),
    hop_box: hex(
      sealHopBox({
        sharedKeys,
        peerPublicKey: processorHop.publicKey,
        direction: "request",
        relayId: "A1",
        random: fixed(0x14),
        payload: new Uint8Array(0),
      }),
    ),
    result: hex(result),
    result_signature: hex(sign("result", result, resultKey)),
  };
}

function exampleContextBytes() {
  const context = toBinary(PaymentContextSchema, exampleContext());
  return { context, contextDigest: digest("payment-context", context) };
}

function exampleCardData() {
  return create(CardDataSchema, { pan: PAN, expirationDate: "3412", cardSequenceNumber: 1 });
}

function exampleContext() {
  return create(PaymentContextSchema, {
    version: 1,
    paymentId: paymentIdToBytes(parsePaymentId("01932b5e-8c1a-7000-8000-000000000001")),
    readerSerial: "RD-0001",
    readerCertificateId: repeated(0x21, 8),
    counter: 1n,
    kind: PaymentKind.SALE,
    amounts: { totalMinor: 1250n },
    currency: 978,
    merchantId: "MERCHANT0000001",
    terminalId: "TERM0001",
    terminalCertificateId: repeated(0x22, 8),
    entryMode: EntryMode.CHIP,
    verification: Verification.ONLINE_PIN,
    pinEntry: PinEntry.TERMINAL,
    cardKeyId: cardKey.keyId,
    pinKeyId: pinKey.keyId,
    manifestNumber: 1n,
    readerTimeMs: 1_700_000_000_000n,
    submitBeforeMs: 1_700_000_120_000n,
  });
}

function exampleResult(contextDigest: Uint8Array) {
  return create(ResultSchema, {
    version: 1,
    paymentId: exampleContext().paymentId,
    revision: 1,
    recordNumber: "A1000000000C",
    retrievalReference: "000000000001",
    contextDigest,
    outcome: Outcome.APPROVED,
    responseCode: "00",
    approvalCode: "A1B2C3",
    approvedAmountMinor: 1250n,
    currency: 978,
    lastFour: "4242",
    scheme: "VISA",
    settlementDate: 20231114,
    processorTimeMs: 1_700_000_000_500n,
    validUntilMs: 1_700_000_300_000n,
    readerSerial: "RD-0001",
    merchantId: "MERCHANT0000001",
  });
}
