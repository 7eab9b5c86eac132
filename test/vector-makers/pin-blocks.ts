import { derivePinKey } from "../../sealing/open/dukpt-host.ts";
import { decipherPinBlock } from "../../sealing/open/pin-block.ts";
import { keySerialNumber } from "../../sealing/pin/dukpt.ts";
import { encipherPinBlock } from "../../sealing/pin/pin-block.ts";
import {
  bytes,
  bytesOf,
  fixed,
  flipped,
  hex,
  repeated,
  text,
  type Vector,
  type VectorFile,
} from "./vector.ts";

const baseDerivationKey = bytesOf("fedcba9876543210f1f1f1f1f1f1f1f1");
const initialKeyId = bytesOf("1234567890123456");
const pan = "4242424242424242";

function given(counter: number, pin: string, panDigits = pan) {
  const ksn = keySerialNumber(initialKeyId, counter);
  const pinKey = derivePinKey(baseDerivationKey, ksn);
  const block = encipherPinBlock({ pinKey, pin, pan: panDigits, random: fixed(0x12) });
  return {
    base_derivation_key: hex(baseDerivationKey),
    key_serial_number: hex(ksn),
    pan: panDigits,
    pin_block: hex(block),
  };
}

const good = given(1, "1234");
const block = bytesOf(good.pin_block);
const accepted = (name: string, why: string, one: typeof good): Vector => {
  return { name, why, given: one, expect: "accepted" };
};
const refused = (name: string, why: string, change: Partial<typeof good>): Vector => {
  return { name, why, given: { ...good, ...change }, expect: "SEALED_DATA_REJECTED" };
};

/** Which PIN is in this block? Keys and PINs are made up. */
export const pinBlocks: VectorFile = {
  name: "pin-blocks",
  about:
    "pin_block is an ISO 9564-1 format 4 block for the card number pan, enciphered with " +
    "the PIN key that base_derivation_key and key_serial_number give (AES-DUKPT, ANSI " +
    "X9.24-3, AES-128). Give the PIN. The standard's own vectors are in " +
    "aes-dukpt-iso9564-format4.json.",
  vectors: [
    accepted("four digits", "the usual PIN", good),
    accepted("twelve digits", "the longest PIN", given(1, "123456789012")),
    accepted("another counter", "each payment has a key of its own", given(2, "1234")),
    accepted("a counter of many bits", "the key is derived step by step", given(0xf_abc, "1234")),
    accepted(
      "a card number of 19 digits",
      "the longest card number",
      given(1, "1234", "6799990100000000019"),
    ),
    accepted(
      "a card number of 12 digits",
      "the shortest card number",
      given(1, "1234", "501800000009"),
    ),
    refused("another card number", "the block is bound to it", { pan: "5555555555554444" }),
    refused("another counter's key", "the block was made with the key of counter 1", {
      key_serial_number: hex(keySerialNumber(initialKeyId, 2)),
    }),
    refused("another reader's key", "the initial key id is another", {
      key_serial_number: hex(keySerialNumber(repeated(0x77, 8), 1)),
    }),
    refused("one bit changed", "neither format nor fill are right then", {
      pin_block: hex(flipped(block, 0)),
    }),
    refused("one byte short", "a block has 16 bytes", { pin_block: hex(block.subarray(0, 15)) }),
    refused("a serial number one byte short", "it has 12 bytes", {
      key_serial_number: good.key_serial_number.slice(2),
    }),
  ],
  judge: (one) => {
    const pinKey = derivePinKey(bytes(one, "base_derivation_key"), bytes(one, "key_serial_number"));
    const pin = decipherPinBlock({
      pinKey,
      block: bytes(one, "pin_block"),
      pan: text(one, "pan"),
    });
    return { pin: Buffer.from(pin).toString("latin1") };
  },
};
