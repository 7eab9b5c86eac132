import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { KeyPurpose } from "../gen/cardlane/keys/v1/keys_pb.ts";
import {
  AmountsSchema,
  CardDataSchema,
  EntryMode,
  PaymentContextSchema,
  PaymentKind,
  PinEntry,
  ReaderPaymentSchema,
  type SignedPayment,
  SignedPaymentSchema,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  newPaymentId,
  type PaymentId,
  paymentIdFromBytes,
  paymentIdToBytes,
} from "../payment/identifiers.ts";
import { SUBMIT_WITHIN_MS } from "../payment/payment-context.ts";
import { findTestCard, testPinOf } from "../payment/test-cards.ts";
import { sealCardBox } from "../sealing/boxes/card-box.ts";
import { certificateIdOf, sha512 } from "../sealing/curves/hash.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import { digest, sign } from "../sealing/keys/dsse.ts";
import type { Manifest } from "../sealing/keys/manifest.ts";
import { DukptRegister } from "../sealing/pin/dukpt.ts";
import { encipherPinBlock } from "../sealing/pin/pin-block.ts";
import { sealPinBox } from "../sealing/pin/pin-box.ts";
import type { Random } from "../sealing/random.ts";
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
    const context = this.#context(wishes, pin !== null);
    const contextBytes = toBinary(PaymentContextSchema, context);
    const contextDigest = digest("payment-context", contextBytes);
    const cardData = create(CardDataSchema, {
      pan: card.number,
      expirationDate: card.expirationDate,
      cardSequenceNumber: 1,
      ...wishes.cardData,
    });
    const cardBox = sealCardBox({
      curves,
      random: this.#keys.random,
      recipientPublicKey: this.#publicKey(KeyPurpose.PROCESSOR_CARD),
      contextDigest,
      cardData: toBinary(CardDataSchema, cardData),
    });
    const pinBox = pin === null ? new Uint8Array() : this.#pinBox(pin, cardData.pan, contextDigest);
    const readerPayment = toBinary(
      ReaderPaymentSchema,
      create(ReaderPaymentSchema, { context: contextBytes, cardBox, pinBox }),
    );
    return {
      signed: this.signBytes(readerPayment),
      paymentId: paymentIdFromBytes(context.paymentId),
      contextBytes,
      contextDigest,
      digest: sha512(readerPayment),
    };
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
    const signature = sign("reader-payment", readerPayment, this.reader.signing);
    return create(SignedPaymentSchema, { readerPayment, signature });
  }

  #context(wishes: PaymentWishes, hasPin: boolean) {
    this.#counter += 1n;
    const nowMs = this.#nowMs();
    const terminal = wishes.terminal ?? this.#keys.terminal;
    const manifest = this.#keys.manifest;
    const withPin = {
      verification: Verification.ONLINE_PIN,
      pinEntry: PinEntry.TERMINAL,
      pinKeyId: manifest.currentKey(KeyPurpose.PIN_SERVICE, nowMs).keyId,
    };
    return create(PaymentContextSchema, {
      version: 1,
      paymentId: paymentIdToBytes(newPaymentId(nowMs, this.#keys.random.bytes(10))),
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
      cardKeyId: manifest.currentKey(KeyPurpose.PROCESSOR_CARD, nowMs).keyId,
      manifestNumber: manifest.number,
      readerTimeMs: BigInt(nowMs),
      submitBeforeMs: BigInt(nowMs + SUBMIT_WITHIN_MS),
      ...(hasPin ? withPin : { verification: Verification.NONE }),
      ...wishes.context,
    });
  }

  #pinBox(pin: string, pan: string, contextDigest: Uint8Array): Uint8Array {
    const { ksn, pinKey } = this.#dukpt.nextPinKey();
    const block = encipherPinBlock({ pinKey, pin, pan, random: this.#keys.random });
    pinKey.fill(0);
    return sealPinBox({
      curves,
      random: this.#keys.random,
      recipientPublicKey: this.#publicKey(KeyPurpose.PIN_SERVICE),
      contextDigest,
      ksn,
      block,
    });
  }

  #publicKey(purpose: KeyPurpose): Uint8Array {
    return this.#keys.manifest.currentKey(purpose, this.#nowMs()).publicKey;
  }
}
