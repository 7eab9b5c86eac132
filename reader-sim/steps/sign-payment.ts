import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { KeyPurpose } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  PaymentContextSchema,
  PinEntry,
  ReaderPaymentSchema,
  type SignedPayment,
  SignedPaymentSchema,
  type Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { Faults } from "../../mesh/faults.ts";
import type { Pin } from "../../payment/card.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { SUBMIT_WITHIN_MS } from "../../payment/payment-context.ts";
import { sealCardBox } from "../../sealing/boxes/card-box.ts";
import type { Curves, Signer } from "../../sealing/curves/curves.ts";
import type {
  CheckedReaderCertificate,
  CheckedTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import { digest, sign } from "../../sealing/keys/dsse.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import { encipherPinBlock } from "../../sealing/pin/pin-block.ts";
import { sealPinBox } from "../../sealing/pin/pin-box.ts";
import type { Random } from "../../sealing/random.ts";
import { type CardReading, cardDataOf } from "../card/card-reading.ts";
import type { ReaderStore } from "../reader-store.ts";
import type { PreparedPayment } from "./prepared-payment.ts";

/** What a reader signs payments with. */
export interface PaymentSigner {
  readonly certificate: CheckedReaderCertificate;
  readonly signing: Signer;
  readonly store: ReaderStore;
  readonly manifest: KeptManifest;
  readonly curves: Curves;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults?: Faults | undefined;
}

interface PaymentToSign {
  readonly prepared: PreparedPayment;
  readonly terminal: CheckedTerminalCertificate;
  readonly reading: CardReading;
  readonly verification: Verification;
  /** Given exactly when the verification is an online PIN. */
  readonly pin?: { readonly digits: Pin; readonly entry: PinEntry };
}

/**
 * Seals card data and PIN, and signs the payment. Every durable step comes before what it protects:
 * PIN key register, then counter, then the bytes; nothing leaves the reader before all are stored.
 *
 * @throws PaymentError KEY_NOT_VALID without valid keys, ALREADY_SIGNED for an id that was.
 */
export async function signPayment(
  signer: PaymentSigner,
  toSign: PaymentToSign,
): Promise<SignedPayment> {
  const { manifest, store, clock } = signer;
  const { prepared, pin } = toSign;
  const nowMs = clock.nowMs();
  const valid = manifest.validAt(nowMs);
  const cardKey = valid.currentKey(KeyPurpose.PROCESSOR_CARD, nowMs);
  const pinKey = pin && valid.currentKey(KeyPurpose.PIN_SERVICE, nowMs);

  const block = pin && (await encipherPin(signer, toSign, pin.digits));
  const counter = await store.takeCounter(prepared.paymentId);
  await signer.faults?.at("reader.counted");
  const context = toBinary(
    PaymentContextSchema,
    create(PaymentContextSchema, {
      ...contextOf(signer, toSign),
      counter,
      cardKeyId: cardKey.keyId,
      ...(pinKey && { pinKeyId: pinKey.keyId }),
      manifestNumber: valid.number,
      readerTimeMs: BigInt(Math.floor(nowMs)),
      submitBeforeMs: BigInt(Math.floor(nowMs) + SUBMIT_WITHIN_MS),
    }),
  );
  const contextDigest = digest("payment-context", context);
  const cardBox = sealCard(signer, toSign, {
    recipient: cardKey.publicKey,
    contextDigest,
    counter,
  });
  const { curves, random } = signer;
  const readerPayment = toBinary(
    ReaderPaymentSchema,
    create(ReaderPaymentSchema, {
      context,
      cardBox,
      ...(block &&
        pinKey && {
          pinBox: sealPinBox({
            curves,
            random,
            recipientPublicKey: pinKey.publicKey,
            contextDigest,
            ...block,
          }),
        }),
    }),
  );
  const signed = create(SignedPaymentSchema, {
    readerPayment,
    signature: sign("reader-payment", readerPayment, signer.signing),
  });
  await store.keep(prepared.paymentId, signed);
  return signed;
}

/** All of the context that does not come from counter, keys or clock. */
function contextOf(
  { certificate }: PaymentSigner,
  { prepared, terminal, reading, verification, pin }: PaymentToSign,
): MessageInitShape<typeof PaymentContextSchema> {
  const previous = prepared.previousPaymentId;
  return {
    version: 1,
    paymentId: paymentIdToBytes(prepared.paymentId),
    ...(previous && { previousPaymentId: paymentIdToBytes(previous) }),
    readerSerial: certificate.serial,
    readerCertificateId: certificate.id,
    kind: prepared.kind,
    amounts: prepared.amounts,
    currency: prepared.currency,
    acceptPartial: prepared.acceptPartial,
    merchantId: terminal.merchantId,
    terminalId: terminal.terminalId,
    terminalCertificateId: terminal.id,
    entryMode: reading.entryMode,
    verification,
    pinEntry: pin?.entry ?? PinEntry.UNSPECIFIED,
  };
}

function sealCard(
  { curves, random, clock }: PaymentSigner,
  { prepared, terminal, reading }: PaymentToSign,
  bound: {
    readonly recipient: Uint8Array;
    readonly contextDigest: Uint8Array;
    readonly counter: bigint;
  },
): Uint8Array {
  const cardData = cardDataOf(reading, {
    amountMinor: prepared.amounts.totalMinor,
    currency: prepared.currency,
    country: terminal.wire.country,
    counter: bound.counter,
    timeMs: clock.nowMs(),
    random,
  });
  try {
    const { recipient: recipientPublicKey, contextDigest } = bound;
    return sealCardBox({ curves, random, recipientPublicKey, contextDigest, cardData });
  } finally {
    cardData.fill(0);
  }
}

async function encipherPin(
  { store, random }: PaymentSigner,
  { reading }: PaymentToSign,
  pin: Pin,
): Promise<{ readonly ksn: Uint8Array; readonly block: Uint8Array }> {
  const { ksn, pinKey } = await store.takePinKey();
  try {
    const pan = reading.pan.revealPan();
    return { ksn, block: encipherPinBlock({ pinKey, pin: pin.revealPin(), pan, random }) };
  } finally {
    pinKey.fill(0);
  }
}
