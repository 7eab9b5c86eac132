import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentError } from "../../payment/errors.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { sign } from "../../sealing/keys/dsse.ts";
import type { StoredResult } from "./payment-row.ts";

/** What the processor says to one entry of a relay's box. */
export type EntryAnswer =
  | {
      readonly kind: "result";
      readonly stored: StoredResult;
      /**
       * Who signed it just now; undefined for one that was read from the database, where others may
       * have written: nothing is vouched for that was not seen being made.
       */
      readonly signer: Signer | undefined;
    }
  | { readonly kind: "fault"; readonly error: PaymentError }
  /** Nothing at all, as if it had been lost. */
  | { readonly kind: "silence" };

export function resultAnswer(stored: StoredResult, signer?: Signer): EntryAnswer {
  return { kind: "result", stored, signer };
}

export function faultAnswer(error: PaymentError): EntryAnswer {
  return { kind: "fault", error };
}

/** How long a reader shows a result after it was made. */
const VALID_MS = 300_000;

/**
 * Serialises and signs a result, once: these bytes are stored and repeated. Version and times are
 * filled in here.
 *
 * @param nowMs the processor's clock, Unix milliseconds.
 */
export function signResult(
  fields: MessageInitShape<typeof ResultSchema>,
  nowMs: number,
  signer: Signer,
): StoredResult {
  const body = create(ResultSchema, fields);
  body.version = 1;
  body.processorTimeMs = BigInt(nowMs);
  body.validUntilMs = BigInt(nowMs + VALID_MS);
  const result = toBinary(ResultSchema, body);
  return { result, signature: sign("result", result, signer), keyId: signer.keyId };
}
