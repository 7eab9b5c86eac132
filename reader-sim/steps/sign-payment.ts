import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type PaymentContextSchema,
  PinEntry,
  type SignedPayment,
  type Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { Pin } from "../../payment/card.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import type { Curves, Signer } from "../../sealing/curves/curves.ts";
import type {
  CheckedReaderCertificate,
  CheckedTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import type { Random } from "../../sealing/random.ts";
import { encipherPin, recipientsAt, signReaderPayment } from "../../sealing/reader-payment.ts";
import { type CardReading, cardDataOf } from "../card/card-reading.ts";
import type { ReaderStore } from "../reader-store.ts";
import type { PreparedPayment } from "./prepared-payment.ts";

/** What a reader signs payments with. */
export interface PaymentSigner extends Pick<Surroundings, "clock" | "faults"> {
  readonly certificate: CheckedReaderCertificate;
  readonly signing: Signer;
  readonly store: ReaderStore;
  readonly manifest: KeptManifest;
  readonly curves: Curves;
  readonly random: Random;
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
  const { manifest, store, clock, signing, curves, random } = signer;
  const { prepared, terminal, reading, pin } = toSign;
  const nowMs = clock.nowMs();
  const recipients = recipientsAt(manifest.validAt(nowMs), nowMs, pin !== undefined);
  const enciphered = pin && (await encipher(signer, toSign, pin.digits));
  const counter = await store.takeCounter(prepared.paymentId);
  await signer.faults.at("reader.counted");
  const { signed } = signReaderPayment({
    context: { ...contextOf(signer, toSign), counter },
    recipients,
    nowMs,
    cardData: cardDataOf(reading, {
      amountMinor: prepared.amounts.totalMinor,
      currency: prepared.currency,
      country: terminal.wire.country,
      counter,
      timeMs: nowMs,
      random,
    }),
    pin: enciphered,
    signing,
    curves,
    random,
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

async function encipher(
  { store, random }: PaymentSigner,
  { reading }: PaymentToSign,
  pin: Pin,
): Promise<ReturnType<typeof encipherPin>> {
  const key = await store.takePinKey();
  return encipherPin(key, { pin: pin.revealPin(), pan: reading.pan.revealPan(), random });
}
