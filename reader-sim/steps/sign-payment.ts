import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type PaymentContextSchema,
  PinEntry,
  type SignedPayment,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { Pin } from "../../payment/card.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import type { Curves, Signer } from "../../sealing/curves/curves.ts";
import type { CheckedReaderCertificate } from "../../sealing/keys/certificates.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import type { Random } from "../../sealing/random.ts";
import { encipherPin, recipientsAt, signReaderPayment } from "../../sealing/reader-payment.ts";
import { type CardReading, cardDataOf, type PresentedCard } from "../card/card-reading.ts";
import type { ReaderStore } from "../reader-store.ts";
import type { Underway } from "./device-state.ts";

/** What a reader signs payments with. */
export interface PaymentSigner extends Pick<Surroundings, "clock" | "faults"> {
  readonly certificate: CheckedReaderCertificate;
  readonly signing: Signer;
  readonly store: ReaderStore;
  readonly manifest: KeptManifest;
  readonly curves: Curves;
  readonly random: Random;
}

/** A PIN as it was typed, and on whose keys. */
export interface TypedPin {
  readonly digits: Pin;
  readonly entry: PinEntry;
}

/**
 * Seals card data and PIN, and signs the payment. Every durable step comes before what it protects:
 * PIN key register, then counter, then the bytes; nothing leaves the reader before all are stored.
 *
 * @param pin given exactly when the card's verification is an online PIN.
 * @throws PaymentError KEY_NOT_VALID without valid keys, ALREADY_SIGNED for an id that was.
 */
export async function signPayment(
  signer: PaymentSigner,
  underway: Underway,
  card: PresentedCard,
  pin?: TypedPin,
): Promise<SignedPayment> {
  const { manifest, store, clock, signing, curves, random } = signer;
  const { prepared, terminal } = underway;
  const nowMs = clock.nowMs();
  const recipients = recipientsAt(manifest.validAt(nowMs), nowMs, pin !== undefined);
  const enciphered = pin && (await encipher(signer, card.reading, pin.digits));
  const counter = await store.takeCounter(prepared.paymentId);
  await signer.faults.at("reader.counted");
  const { signed } = signReaderPayment({
    context: {
      ...contextOf(signer, underway, card),
      pinEntry: pin?.entry ?? PinEntry.UNSPECIFIED,
      counter,
    },
    recipients,
    nowMs,
    cardData: cardDataOf(card.reading, {
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

/** All of the context that does not come from PIN, counter, keys or clock. */
function contextOf(
  { certificate }: PaymentSigner,
  { prepared, terminal }: Underway,
  { reading, verification }: PresentedCard,
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
  };
}

async function encipher(
  { store, random }: PaymentSigner,
  reading: CardReading,
  pin: Pin,
): Promise<ReturnType<typeof encipherPin>> {
  const key = await store.takePinKey();
  return encipherPin(key, { pin: pin.revealPin(), pan: reading.pan.revealPan(), random });
}
