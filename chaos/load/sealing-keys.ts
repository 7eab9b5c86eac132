import { KeyPurpose } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import type { Manifest } from "../../sealing/keys/manifest.ts";

/** Whom a reader seals card and PIN to. */
const RECIPIENTS = [KeyPurpose.PROCESSOR_CARD, KeyPurpose.PIN_SERVICE];

/** Whether a reader with that clock has keys to seal with. */
export function canSeal({ wire }: Manifest, nowMs: number): boolean {
  const valid = wire.keys.filter(({ notBeforeMs, notAfterMs }) => {
    return nowMs >= notBeforeMs && nowMs <= notAfterMs;
  });
  return RECIPIENTS.every((recipient) => valid.some(({ purpose }) => purpose === recipient));
}
