import type { PaymentError } from "../../payment/errors.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
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
