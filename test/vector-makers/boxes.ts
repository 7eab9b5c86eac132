import { create, toBinary } from "@bufbuild/protobuf";
import { CardDataSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { boundPlaintext } from "../../sealing/boxes/box-plaintext.ts";
import { sealCardBox } from "../../sealing/boxes/card-box.ts";
import { sealBox } from "../../sealing/boxes/sealed-box.ts";
import { digest } from "../../sealing/keys/dsse.ts";
import { openCardBox, openPinBox } from "../../sealing/open/boxes.ts";
import { keySerialNumber } from "../../sealing/pin/dukpt.ts";
import { sealPinBox } from "../../sealing/pin/pin-box.ts";
import { contextBytes } from "./contexts.ts";
import {
  bytes,
  curves,
  fixed,
  flipped,
  hex,
  KEYS,
  repeated,
  text,
  type Vector,
  type VectorFile,
} from "./vector.ts";

const contextDigest = digest("payment-context", contextBytes());
const random = fixed(0x11);
const cardData = toBinary(
  CardDataSchema,
  create(CardDataSchema, { pan: "4242424242424242", expirationDate: "3412" }),
);
const toCard = { curves, random, recipientPublicKey: KEYS.card.publicKey, contextDigest };
const toPin = { curves, random, recipientPublicKey: KEYS.pin.publicKey, contextDigest };
const cardBox = sealCardBox({ ...toCard, cardData });
const ksn = keySerialNumber(repeated(0x12, 8), 1);
const pinBox = sealPinBox({ ...toPin, ksn, block: repeated(0x13, 16) });

/** A plain text that no reader would make, sealed to the card key all the same. */
function sealedAsCard(change: (plain: Uint8Array) => void): Uint8Array {
  const length = Uint8Array.of(cardData.length >> 8, cardData.length & 0xff);
  const content = [length, cardData];
  const message = boundPlaintext({ purpose: "card", contextDigest, content, lengthBytes: 512 });
  change(message);
  return sealBox({ curves, random, recipientPublicKey: KEYS.card.publicKey, message });
}

const card = {
  box: "card",
  secret_key: hex(KEYS.card.secretKey),
  context_digest: hex(contextDigest),
  sealed: hex(cardBox),
};
const pin = { ...card, box: "pin", secret_key: hex(KEYS.pin.secretKey), sealed: hex(pinBox) };

const accepted = (name: string, why: string, given: typeof card): Vector => {
  return { name, why, given, expect: "accepted" };
};
const refused = (name: string, why: string, given: Partial<typeof card>): Vector => {
  return { name, why, given: { ...card, ...given }, expect: "SEALED_DATA_REJECTED" };
};

/** What is in this card box or PIN box, and does it belong to this payment? */
export const boxes: VectorFile = {
  name: "boxes",
  about:
    "sealed is a card box or PIN box of docs/protocol/bytes.md for the X25519 key secret_key, " +
    "belonging to the payment whose H(context) is context_digest. Give card_data (the " +
    "CardData message), or key_serial_number and pin_block. Every refusal is the same " +
    "outward.",
  vectors: [
    accepted("a card box", "sealed to this key for this payment", card),
    accepted("a PIN box", "sealed to this key for this payment", pin),
    accepted("padding and head as they should be", "made by hand, byte for byte", {
      ...card,
      sealed: hex(sealedAsCard(() => undefined)),
    }),
    refused("ephemeral key changed", "it is part of key and nonce", {
      sealed: hex(flipped(cardBox, 0)),
    }),
    refused("tag changed", "it covers every byte", { sealed: hex(flipped(cardBox, 32)) }),
    refused("cipher text changed", "the tag covers it", { sealed: hex(flipped(cardBox, 100)) }),
    refused("last byte changed", "the tag covers padding, too", {
      sealed: hex(flipped(cardBox, -1)),
    }),
    refused("one byte short", "560 bytes, always", { sealed: hex(cardBox.subarray(0, -1)) }),
    refused("one byte long", "560 bytes, always", { sealed: `${hex(cardBox)}00` }),
    refused("empty", "there is nothing in it", { sealed: "" }),
    refused("another payment's", "H(context) inside is not this one", {
      context_digest: hex(repeated(0x55, 64)),
    }),
    refused("another key", "it was sealed to somebody else", {
      secret_key: hex(KEYS.stranger),
    }),
    refused("an ephemeral key of small order", "the agreement would be known to everybody", {
      sealed: hex(Uint8Array.of(...repeated(0), ...cardBox.slice(32))),
    }),
    refused("another layout version", "the first byte is 01", {
      sealed: hex(sealedAsCard((plain) => plain.fill(2, 0, 1))),
    }),
    refused("another purpose", "a PIN box's purpose in a card box", {
      sealed: hex(sealedAsCard((plain) => plain.fill(2, 1, 2))),
    }),
    refused("a length beyond the box", "446 bytes are the most that fit", {
      sealed: hex(sealedAsCard((plain) => plain.fill(0xff, 66, 68))),
    }),
    refused("padding that is not zero", "nothing may be hidden behind the card data", {
      sealed: hex(sealedAsCard((plain) => plain.fill(1, 511))),
    }),
    refused("a card box as a PIN box", "keys and lengths differ", {
      ...pin,
      sealed: hex(cardBox),
    }),
    refused("a PIN box as a card box", "keys and lengths differ", { sealed: hex(pinBox) }),
    refused("a PIN box of another payment", "H(context) inside is not this one", {
      ...pin,
      context_digest: hex(repeated(0x55, 64)),
    }),
  ],
  judge: (given) => {
    const options = {
      agreement: curves.agreement(bytes(given, "secret_key")),
      contextDigest: bytes(given, "context_digest"),
      sealed: bytes(given, "sealed"),
    };
    if (text(given, "box") === "card") return { card_data: hex(openCardBox(options)) };
    const opened = openPinBox(options);
    return { key_serial_number: hex(opened.ksn), pin_block: hex(opened.block) };
  },
};
