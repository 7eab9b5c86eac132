import {
  asciiZero,
  blockDecipher,
  clearPanField,
  type Digits,
  pinBlockBytes,
  pinDigitsLimits,
  pinFieldFill,
  pinFieldFormat,
  pinFieldRandomOffset,
  xor,
} from "../pin/pin-block.ts";
import { SealedDataRejected } from "../sealed-data-rejected.ts";

/**
 * Deciphers an ISO 9564-1 format 4 block with the card number it was made for: the PIN as ASCII
 * digits, which the caller wipes. Another card number, another key or a changed block give the same
 * failure, but for a chance of one in 17 million of giving some PIN: the format has no tag of its
 * own, the sealed box and the signature around it have theirs.
 *
 * @throws SealedDataRejected whatever is wrong.
 */
export function decipherPinBlock(options: {
  readonly pinKey: Uint8Array;
  readonly block: Uint8Array;
  readonly pan: Digits;
}): Uint8Array {
  const { pinKey, block, pan } = options;
  const panField = clearPanField(pan);
  if (panField === null || block.length !== pinBlockBytes) {
    throw new SealedDataRejected("PIN block");
  }
  const decipher = blockDecipher(pinKey);
  const pinField = decipher(xor(decipher(block), panField));
  try {
    return pinIn(pinField);
  } finally {
    pinField.fill(0);
    panField.fill(0);
  }
}

function pinIn(pinField: Uint8Array): Uint8Array {
  const length = nibbleAt(pinField, 1);
  let isFormed =
    nibbleAt(pinField, 0) === pinFieldFormat &&
    length >= pinDigitsLimits.min &&
    length <= pinDigitsLimits.max;
  for (let index = 2; index < 2 * pinFieldRandomOffset; index += 1) {
    const nibble = nibbleAt(pinField, index);
    isFormed &&= index < 2 + length ? nibble <= 9 : nibble === pinFieldFill;
  }
  if (!isFormed) throw new SealedDataRejected("PIN block");
  return Uint8Array.from({ length }, (_, index) => asciiZero + nibbleAt(pinField, index + 2));
}

function nibbleAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index >> 1] ?? 0;
  return index % 2 === 0 ? byte >> 4 : byte & 0x0f;
}
