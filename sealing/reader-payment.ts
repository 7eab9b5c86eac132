import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { KeyPurpose } from "../gen/cardlane/keys/v1/keys_pb.ts";
import {
  type PaymentContext,
  PaymentContextSchema,
  ReaderPaymentSchema,
  type SignedPayment,
  SignedPaymentSchema,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import { SUBMIT_WITHIN_MS } from "../payment/payment-context.ts";
import { sealCardBox } from "./boxes/card-box.ts";
import type { Curves, Signer } from "./curves/curves.ts";
import { digest, sign } from "./keys/dsse.ts";
import type { Manifest } from "./keys/manifest.ts";
import { encipherPinBlock } from "./pin/pin-block.ts";
import { sealPinBox } from "./pin/pin-box.ts";
import type { Random } from "./random.ts";

/** What a reader seals a payment for, out of the processor's manifest. */
export interface Recipients {
  readonly manifestNumber: bigint;
  readonly card: RecipientKey;
  /** Needed for an online PIN alone. */
  readonly pin?: RecipientKey | undefined;
}

interface RecipientKey {
  readonly keyId: Uint8Array;
  /** X25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** @throws PaymentError KEY_NOT_VALID when a key that is needed is not there. */
export function recipientsAt(manifest: Manifest, nowMs: number, hasPin: boolean): Recipients {
  const keyFor = (purpose: KeyPurpose): RecipientKey => {
    const { keyId, publicKey } = manifest.currentKey(purpose, nowMs);
    return { keyId, publicKey };
  };
  return {
    manifestNumber: manifest.number,
    card: keyFor(KeyPurpose.PROCESSOR_CARD),
    pin: hasPin ? keyFor(KeyPurpose.PIN_SERVICE) : undefined,
  };
}

/** A PIN that is enciphered already, ISO 9564-1 format 4, and the key's serial number. */
interface EncipheredPin {
  readonly ksn: Uint8Array;
  readonly block: Uint8Array;
}

/** Enciphers a PIN under a key of the reader's register, which is wiped: it serves one PIN. */
export function encipherPin(
  { ksn, pinKey }: { readonly ksn: Uint8Array; readonly pinKey: Uint8Array },
  typed: { readonly pin: string; readonly pan: string; readonly random: Random },
): EncipheredPin {
  try {
    return { ksn, block: encipherPinBlock({ pinKey, ...typed }) };
  } finally {
    pinKey.fill(0);
  }
}

interface PaymentParts {
  /**
   * What the terminal and the card give. Keys and times are filled in unless they stand here: only
   * a test has others.
   */
  readonly context: MessageInitShape<typeof PaymentContextSchema>;
  readonly recipients: Recipients;
  /** The reader's clock. */
  readonly nowMs: number;
  /** Serialised CardData. Wiped here. */
  readonly cardData: Uint8Array;
  /** Given exactly when the verification is an online PIN. */
  readonly pin?: EncipheredPin | undefined;
  /** `reader_signing`. */
  readonly signing: Signer;
  readonly curves: Curves;
  readonly random: Random;
}

interface SignedReaderPayment {
  readonly signed: SignedPayment;
  readonly context: PaymentContext;
  /** What H(context) is over. */
  readonly contextBytes: Uint8Array;
  /** H(context), 64 bytes. */
  readonly contextDigest: Uint8Array;
}

/**
 * Makes the bytes that `parseReaderPayment` takes apart: seals card data and PIN to one context,
 * and signs all three. Serialised here once and nowhere else again.
 *
 * @throws Error for a PIN without a key to seal it for.
 */
export function signReaderPayment(parts: PaymentParts): SignedReaderPayment {
  const { recipients, cardData, pin, signing, curves, random } = parts;
  const pinKey = pin && requirePinKey(recipients);
  const nowMs = Math.floor(parts.nowMs);
  const context = create(PaymentContextSchema, {
    version: 1,
    cardKeyId: recipients.card.keyId,
    ...(pinKey && { pinKeyId: pinKey.keyId }),
    manifestNumber: recipients.manifestNumber,
    readerTimeMs: BigInt(nowMs),
    submitBeforeMs: BigInt(nowMs + SUBMIT_WITHIN_MS),
    ...parts.context,
  });
  const contextBytes = toBinary(PaymentContextSchema, context);
  const contextDigest = digest("payment-context", contextBytes);
  const sealing = { curves, random, contextDigest };
  try {
    const recipientPublicKey = recipients.card.publicKey;
    const cardBox = sealCardBox({ ...sealing, recipientPublicKey, cardData });
    const pinBox =
      pin && pinKey
        ? sealPinBox({ ...sealing, recipientPublicKey: pinKey.publicKey, ...pin })
        : new Uint8Array();
    const payment = create(ReaderPaymentSchema, { context: contextBytes, cardBox, pinBox });
    const signed = signReaderBytes(toBinary(ReaderPaymentSchema, payment), signing);
    return { signed, context, contextBytes, contextDigest };
  } finally {
    cardData.fill(0);
  }
}

/** Signs `reader_payment` bytes, whatever they say. */
export function signReaderBytes(readerPayment: Uint8Array, signing: Signer): SignedPayment {
  const signature = sign("reader-payment", readerPayment, signing);
  return create(SignedPaymentSchema, { readerPayment, signature });
}

function requirePinKey({ pin }: Recipients): RecipientKey {
  if (pin === undefined) throw new Error("bug: a PIN without a key to seal it for");
  return pin;
}
