import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AmountsSchema,
  CardDataSchema,
  EntryMode,
  type PaymentContextSchema,
  PaymentKind,
  PinEntry,
  ReaderPaymentSchema,
  type SignedPayment,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  newPaymentId,
  type PaymentId,
  paymentIdFromBytes,
  paymentIdToBytes,
} from "../payment/identifiers.ts";
import { findTestCard, testPinOf } from "../payment/test-cards.ts";
import { certificateIdOf, sha512 } from "../sealing/curves/hash.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import type { Manifest } from "../sealing/keys/manifest.ts";
import { DukptRegister } from "../sealing/pin/dukpt.ts";
import type { Random } from "../sealing/random.ts";
import {
  encipherPin,
  recipientsAt,
  signReaderBytes,
  signReaderPayment,
} from "../sealing/reader-payment.ts";
import type { ReaderKeys, TerminalKeys } from "./device-maker.ts";

/** What a reader has and knows that signs payments. */
interface SignerKeys {
  readonly random: Random;
  readonly manifest: Manifest;
  readonly reader: ReaderKeys;
  readonly terminal: TerminalKeys;
}

/** What somebody wants to be otherwise; by default 12.50 EUR, the card "visa", chip and its PIN. */
export interface PaymentWishes {
  /** Name or number of a test card. */
  readonly card?: string;
  /** null: no online PIN. By default the card's own. */
  readonly pin?: string | null;
  readonly totalMinor?: bigint;
  readonly terminal?: TerminalKeys;
  /** Anything of the context, in the contract's names. */
  readonly context?: MessageInitShape<typeof PaymentContextSchema>;
  /** Anything of the card data. */
  readonly cardData?: MessageInitShape<typeof CardDataSchema>;
}

/** A payment as a reader would have signed it. */
export interface ReaderSigned {
  readonly signed: SignedPayment;
  readonly paymentId: PaymentId;
  readonly contextBytes: Uint8Array;
  /** H(context), 64 bytes. */
  readonly contextDigest: Uint8Array;
  /** The idempotency digest, SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
}

/** Signs payments as a reader does, without Salt Channel, display or storage. */
export class PaymentSigner {
  readonly reader: ReaderKeys;
  readonly #keys: SignerKeys;
  readonly #nowMs: () => number;
  readonly #dukpt: DukptRegister;
  #counter = 0n;

  /** @param options.nowMs the reader's clock. */
  constructor(options: {
    readonly keys: SignerKeys;
    readonly nowMs: () => number;
    readonly reader?: ReaderKeys;
  }) {
    this.#keys = options.keys;
    this.#nowMs = options.nowMs;
    this.reader = options.reader ?? options.keys.reader;
    const { dukptInitialKeyId, dukptInitialKey } = this.reader;
    this.#dukpt = DukptRegister.load(dukptInitialKeyId, dukptInitialKey);
  }

  sign(wishes: PaymentWishes = {}): ReaderSigned {
    const card = findTestCard(wishes.card ?? "visa");
    if (card === undefined) throw new Error(`no test card ${wishes.card}`);
    const pin = wishes.pin === undefined ? testPinOf(card) : wishes.pin;
    const { random, manifest } = this.#keys;
    const nowMs = this.#nowMs();
    const cardData = create(CardDataSchema, {
      pan: card.number,
      expirationDate: card.expirationDate,
      cardSequenceNumber: 1,
      ...wishes.cardData,
    });
    const { pan } = cardData;
    const made = signReaderPayment({
      context: this.#context(wishes, pin !== null),
      recipients: recipientsAt(manifest, nowMs, pin !== null),
      nowMs,
      cardData: toBinary(CardDataSchema, cardData),
      pin: pin === null ? undefined : encipherPin(this.#dukpt.nextPinKey(), { pin, pan, random }),
      signing: this.reader.signing,
      curves,
      random,
    });
    const { signed, context, contextBytes, contextDigest } = made;
    const paymentId = paymentIdFromBytes(context.paymentId);
    return { signed, paymentId, contextBytes, contextDigest, digest: sha512(signed.readerPayment) };
  }

  /** `payment` with the card box of another one, signed anew. */
  withCardBoxOf(payment: ReaderSigned, another: ReaderSigned): ReaderSigned {
    const parts = fromBinary(ReaderPaymentSchema, payment.signed.readerPayment);
    parts.cardBox = fromBinary(ReaderPaymentSchema, another.signed.readerPayment).cardBox;
    const readerPayment = toBinary(ReaderPaymentSchema, parts);
    return { ...payment, signed: this.signBytes(readerPayment), digest: sha512(readerPayment) };
  }

  /** Signs whatever it is given, for messages that a reader would never make. */
  signBytes(readerPayment: Uint8Array): SignedPayment {
    return signReaderBytes(readerPayment, this.reader.signing);
  }

  #context(wishes: PaymentWishes, hasPin: boolean): MessageInitShape<typeof PaymentContextSchema> {
    this.#counter += 1n;
    const terminal = wishes.terminal ?? this.#keys.terminal;
    const withPin = { verification: Verification.ONLINE_PIN, pinEntry: PinEntry.TERMINAL };
    return {
      paymentId: paymentIdToBytes(newPaymentId(this.#nowMs(), this.#keys.random.bytes(10))),
      readerSerial: this.reader.serial,
      readerCertificateId: certificateIdOf(this.reader.certificate.payload),
      counter: this.#counter,
      kind: PaymentKind.SALE,
      amounts: create(AmountsSchema, { totalMinor: wishes.totalMinor ?? 1_250n }),
      currency: 978,
      merchantId: terminal.merchantId,
      terminalId: terminal.terminalId,
      terminalCertificateId: certificateIdOf(terminal.certificate.payload),
      entryMode: EntryMode.CHIP,
      ...(hasPin ? withPin : { verification: Verification.NONE }),
      ...wishes.context,
    };
  }
}
