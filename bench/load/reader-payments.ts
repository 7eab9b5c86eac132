import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AmountsSchema,
  CardDataSchema,
  EntryMode,
  type PaymentContextSchema,
  PaymentKind,
  PinEntry,
  Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { newPaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { TEST_CARDS, TEST_PIN } from "../../payment/test-cards.ts";
import { fastCurves as curves } from "../../sealing/curves/chosen-curves.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { DukptRegister } from "../../sealing/pin/dukpt.ts";
import { systemRandom as random } from "../../sealing/random.ts";
import { encipherPin, type Recipients, signReaderPayment } from "../../sealing/reader-payment.ts";
import type { Till } from "./tills.ts";

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
  readonly #keys: Recipients;
  readonly #readers: readonly Reader[];
  #made = 0;

  constructor(tills: readonly Till[], keys: Recipients) {
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
    const { number: pan, expirationDate } = card;
    const cardData = create(CardDataSchema, { pan, expirationDate, cardSequenceNumber: 1 });
    const { signed } = signReaderPayment({
      context: { ...this.#context(reader, paymentId), ...(hasPin ? WITH_PIN : WITHOUT_PIN) },
      recipients: this.#keys,
      nowMs: clock.nowMs(),
      cardData: toBinary(CardDataSchema, cardData),
      pin: hasPin ? encipherPin(nextPinKey(reader), { pin: TEST_PIN, pan, random }) : undefined,
      signing: reader.signer,
      curves,
      random,
    });
    const { readerPayment, signature } = signed;
    return { till, paymentId, readerPayment, signature };
  }

  #context({ till }: Reader, paymentId: Uint8Array): MessageInitShape<typeof PaymentContextSchema> {
    return {
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
    };
  }
}

const WITH_PIN = { verification: Verification.ONLINE_PIN, pinEntry: PinEntry.TERMINAL } as const;
const WITHOUT_PIN = { verification: Verification.NONE } as const;

function nextPinKey(reader: Reader): ReturnType<DukptRegister["nextPinKey"]> {
  const { dukptInitialKeyId, dukptInitialKey } = reader.till;
  reader.dukpt ??= DukptRegister.load(dukptInitialKeyId, dukptInitialKey);
  return reader.dukpt.nextPinKey();
}

interface Reader {
  readonly till: Till;
  readonly signer: Signer;
  /** Made with the first PIN. */
  dukpt?: DukptRegister;
}
