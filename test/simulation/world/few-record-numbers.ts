import { RECORD_NUMBER_BYTES } from "../../../payment/record-number.ts";
import type { Random } from "../../../sealing/random.ts";

/** Sixteen in a second, so that payments draw the same ones. */
export function fewRecordNumbers(random: Random): Random {
  return {
    bytes(length) {
      const bytes = random.bytes(length);
      if (length === RECORD_NUMBER_BYTES) bytes.set([(bytes[0] ?? 0) & 15, 0, 0, 0, 0]);
      return bytes;
    },
  };
}
