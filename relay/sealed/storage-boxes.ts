import { create } from "@bufbuild/protobuf";
import {
  type SignedPayment,
  SignedPaymentSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { nonceBytes, secretBox, tagBytes } from "../../sealing/curves/secret-box.ts";
import type { Random } from "../../sealing/random.ts";
import type { MinuteKeys } from "./minute-keys.ts";

const VERSION = 1;
/** Version, minute of the key, and how long the context is. */
const HEAD_BYTES = 7;
const SIGNATURE_BYTES = 64;
const BOX_BYTES_MIN = nonceBytes + tagBytes + SIGNATURE_BYTES;

/** The tables that take turns, one a minute: prisma/relay/schema.prisma. */
export const SLOTS = 8;

/** The table in which the boxes of a minute stand. */
export function slotOf(minute: number): number {
  return minute % SLOTS;
}

/** What a storage box gives. */
interface Opened {
  /** PaymentContext as the reader serialised it. Nothing in it is sealed. */
  readonly contextBytes: Uint8Array;
  /** Undefined when the key is forgotten, or is not the one that it was sealed with. */
  readonly payment: SignedPayment | undefined;
}

/**
 * What a reader signed and sealed, sealed once more under the key of a minute: copies of the
 * database's files and logs hold nothing that opens once the key is forgotten. A box is a version
 * (1 byte), the minute (4, big-endian), the length of the context (2), the context, which a
 * reversal needs for as long as the payment is open, a nonce (24), and NaCl's secretbox of
 * signature and payment.
 */
export class StorageBoxes {
  readonly #keys: Pick<MinuteKeys, "present" | "of">;
  readonly #random: Random;

  constructor(keys: Pick<MinuteKeys, "present" | "of">, random: Random) {
    this.#keys = keys;
    this.#random = random;
  }

  /** All under the key of one minute. */
  seal(
    records: readonly { readonly payment: SignedPayment; readonly contextBytes: Uint8Array }[],
  ): {
    readonly slot: number;
    readonly boxes: readonly Uint8Array[];
  } {
    const { minute, key } = this.#keys.present;
    const boxes = records.map(({ payment, contextBytes }) => {
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt8(VERSION, 0);
      head.writeUInt32BE(minute, 1);
      head.writeUInt16BE(contextBytes.length, 5);
      const nonce = this.#random.bytes(nonceBytes);
      const message = Buffer.concat([payment.signature, payment.readerPayment]);
      return Buffer.concat([head, contextBytes, nonce, secretBox.seal(message, nonce, key)]);
    });
    return { slot: slotOf(minute), boxes };
  }

  /** Undefined when it is no storage box. */
  open(bytes: Uint8Array): Opened | undefined {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (whole.length < HEAD_BYTES || whole.readUInt8(0) !== VERSION) return undefined;
    const boxAt = HEAD_BYTES + whole.readUInt16BE(5);
    if (whole.length < boxAt + BOX_BYTES_MIN) return undefined;
    const contextBytes = whole.subarray(HEAD_BYTES, boxAt);
    const payment = this.#payment(whole.readUInt32BE(1), whole.subarray(boxAt));
    return { contextBytes, payment };
  }

  #payment(minute: number, box: Uint8Array): SignedPayment | undefined {
    const key = this.#keys.of(minute);
    if (key === undefined) return undefined;
    const message = secretBox.open(box.subarray(nonceBytes), box.subarray(0, nonceBytes), key);
    if (message === null) return undefined;
    return create(SignedPaymentSchema, {
      signature: message.slice(0, SIGNATURE_BYTES),
      readerPayment: message.slice(SIGNATURE_BYTES),
    });
  }
}
