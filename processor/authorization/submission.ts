import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import type { PaymentError } from "../../payment/errors.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import type { StoredResult } from "../payments/payment-row.ts";
import type { PinOutcome } from "../pins/pin-client.ts";
import type { EarlyFacts } from "./payment-facts.ts";

/** A payment as a relay submitted it, opened as far as it could be, ready to be decided. */
export interface Submission {
  readonly context: CheckedContext;
  /** H(context), 64 bytes. */
  readonly contextDigest: Uint8Array;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
  /** The relay that holds the stream. */
  readonly relayId: string;
  readonly recordNumber: string;
  /** What was inside; or why it cannot be accepted, unless it was before. */
  readonly content: OpenedContent | PaymentError;
  /** undefined for a payment that was not looked at before. */
  readonly early?: EarlyFacts | undefined;
  readonly span: HopSpan;
}

/** What the boxes gave, without anything that must not be kept. */
export interface OpenedContent {
  /** Key id of reader_signing, 8 bytes, and the reader's counter. */
  readonly signing: { readonly keyId: Uint8Array; readonly counter: bigint };
  readonly panToken: Uint8Array;
  readonly lastFour: string;
  readonly scheme: string;
  /** YYMM. */
  readonly expirationDate: string;
  readonly pin: PinOutcome;
}

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
