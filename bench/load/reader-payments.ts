import { create, toBinary } from "@bufbuild/protobuf";
import {
  AmountsSchema,
  CardDataSchema,
  EntryMode,
  PaymentContextSchema,
  PaymentKind,
  PinEntry,
  ReaderPaymentSchema,
  Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { newPaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { SUBMIT_WITHIN_MS } from "../../payment/payment-context.ts";
import { TEST_CARDS, TEST_PIN } from "../../payment/test-cards.ts";
import { sealCardBox } from "../../sealing/boxes/card-box.ts";
import { fastCurves as curves } from "../../sealing/curves/chosen-curves.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { digest, sign } from "../../sealing/keys/dsse.ts";
import { DukptRegister } from "../../sealing/pin/dukpt.ts";
import { encipherPinBlock } from "../../sealing/pin/pin-block.ts";
import { sealPinBox } from "../../sealing/pin/pin-box.ts";
import { systemRandom as random } from "../../sealing/random.ts";
import type { Till } from "./tills.ts";

/** What a reader seals for, out of the processor's manifest. */
export interface RecipientKeys {
  readonly manifestNumber: bigint;
  readonly card: RecipientKey;
  readonly pin: RecipientKey;
}

export interface RecipientKey {
  readonly keyId: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** A payment as it leaves a reader. */
export interface ReadyPayment {
  /** Index of the till. */
  readonly till: number;
  /** 16 bytes. */
  readonly paymentId: Uint8Array;
  readonly readerPayment: Uint8Array;
  readonly signature: Uint8Array;
}

const EURO = 978;
/** Cards that are approved whatever the amount: several, so that no account is the only one. */
const CARDS = TEST_CARDS.filter(({ provokes }) => provokes === "approved");

/** Signs payments as many readers would, without their displays, storage and slowness. */
export class ReaderPayments {
  readonly #keys: RecipientKeys;
  readonly #readers: readonly Reader[];
  #made = 0;

  constructor(tills: readonly Till[], keys: RecipientKeys) {
    this.#keys = keys;
    this.#readers = tills.map((till) => ({ till, signer: curves.signer(till.signingSeed) }));
  }

  /** The next payment; the tills take turns. */
  next(hasPin: boolean): ReadyPayment {
    const till = this.#made % this.#readers.length;
    const reader = this.#readers[till];
    const card = CARDS[this.#made % CARDS.length];
    if (reader === undefined || card === undefined) throw new Error("bug: no till or no card");
    this.#made += 1;
    const paymentId = paymentIdToBytes(newPaymentId(clock.nowMs(), random.bytes(10)));
    const context = this.#context(reader, paymentId, hasPin);
    const contextDigest = digest("payment-context", context);
    const cardData = { pan: card.number, expirationDate: card.expirationDate };
    const cardBox = sealCardBox({
      curves,
      random,
      recipientPublicKey: this.#keys.card.publicKey,
      contextDigest,
      cardData: toBinary(
        CardDataSchema,
        create(CardDataSchema, { ...cardData, cardSequenceNumber: 1 }),
      ),
    });
    const pinBox = hasPin ? this.#pinBox(reader, card.number, contextDigest) : new Uint8Array();
    const readerPayment = toBinary(
      ReaderPaymentSchema,
      create(ReaderPaymentSchema, { context, cardBox, pinBox }),
    );
    const signature = sign("reader-payment", readerPayment, reader.signer);
    return { till, paymentId, readerPayment, signature };
  }

  #context({ till }: Reader, paymentId: Uint8Array, hasPin: boolean): Uint8Array {
    const nowMs = clock.nowMs();
    const pinFields = hasPin
      ? {
          verification: Verification.ONLINE_PIN,
          pinEntry: PinEntry.TERMINAL,
          pinKeyId: this.#keys.pin.keyId,
        }
      : { verification: Verification.NONE };
    return toBinary(
      PaymentContextSchema,
      create(PaymentContextSchema, {
        version: 1,
        paymentId,
        readerSerial: till.readerSerial,
        readerCertificateId: till.readerCertificateId,
        counter: BigInt(this.#made),
        kind: PaymentKind.SALE,
        amounts: create(AmountsSchema, { totalMinor: 1_250n }),
        currency: EURO,
        merchantId: till.merchantId,
        terminalId: till.terminalId,
        terminalCertificateId: till.terminalCertificateId,
        entryMode: EntryMode.CHIP,
        cardKeyId: this.#keys.card.keyId,
        manifestNumber: this.#keys.manifestNumber,
        readerTimeMs: BigInt(nowMs),
        submitBeforeMs: BigInt(nowMs + SUBMIT_WITHIN_MS),
        ...pinFields,
      }),
    );
  }

  #pinBox(reader: Reader, pan: string, contextDigest: Uint8Array): Uint8Array {
    const { dukptInitialKeyId, dukptInitialKey } = reader.till;
    reader.dukpt ??= DukptRegister.load(dukptInitialKeyId, dukptInitialKey);
    const { ksn, pinKey } = reader.dukpt.nextPinKey();
    const block = encipherPinBlock({ pinKey, pin: TEST_PIN, pan, random });
    pinKey.fill(0);
    const recipientPublicKey = this.#keys.pin.publicKey;
    return sealPinBox({ curves, random, recipientPublicKey, contextDigest, ksn, block });
  }
}

interface Reader {
  readonly till: Till;
  readonly signer: Signer;
  /** Made with the first PIN. */
  dukpt?: DukptRegister;
}
