import type { SignedPayment } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { AuthorizationRequest } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { HopSpan } from "../../mesh/tracing/telemetry.ts";
import { PaymentError } from "../../payment/errors.ts";
import { messageTypeOf, posEntryMode } from "../../payment/iso8583.ts";
import {
  type CheckedContext,
  type CheckedReaderPayment,
  parseReaderPayment,
} from "../../payment/payment-context.ts";
import { parseRecordNumber, type RecordNumber } from "../../payment/record-number.ts";
import { sha512 } from "../../sealing/curves/hash.ts";
import { digest } from "../../sealing/keys/dsse.ts";
import type { PinOutcome } from "../pins/pin-client.ts";
import type { EarlyFacts } from "./payment-facts.ts";

/**
 * One payment that a relay submitted, from its bytes to its answer. It begins with what can be read
 * of it while it is sealed; each step of its run (authorization-run.ts) adds the next part.
 */
export interface IncomingPayment extends CheckedReaderPayment {
  /** As the reader signed it. Nothing of it is believed before there is `content`. */
  readonly signed: SignedPayment;
  /** H(context), 64 bytes. */
  readonly contextDigest: Uint8Array;
  /** SHA-512 of the reader_payment bytes. */
  readonly digest: Uint8Array;
  /** The relay that holds the stream. */
  readonly relayId: string;
  readonly recordNumber: RecordNumber;
  readonly span: HopSpan;
  /** By the monotonic clock: the relay gives up then. */
  readonly overAtMs: number;
  /** What signature and boxes gave; undefined until they are verified and opened. */
  content: OpenedContent | undefined;
  /** What was read before its PIN was asked about; undefined for a payment without a PIN. */
  early: EarlyFacts | undefined;
  pin: PinOutcome;
  /** Why it cannot be accepted, unless it was before. */
  refusal: PaymentError | undefined;
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
}

/**
 * Takes a relay's request apart; believes nothing of it yet.
 *
 * @param relayId of the relay that holds the stream.
 * @throws PaymentError MALFORMED_REQUEST, AMOUNT_OUT_OF_RANGE or CURRENCY_NOT_ACCEPTED.
 */
export function takeIn(
  request: AuthorizationRequest,
  relayId: string,
  { clock, telemetry }: Pick<Surroundings, "clock" | "telemetry">,
): IncomingPayment {
  const { payment: signed } = request;
  if (signed === undefined) throw new PaymentError("MALFORMED_REQUEST", "payment is required");
  const { contextBytes, context, cardBox, pinBox } = parseReaderPayment(signed.readerPayment);
  requireRegrouped(request, context);
  const recordNumber = parseRecordNumber(request.recordNumber);
  if (!recordNumber.startsWith(relayId)) {
    throw new PaymentError("MALFORMED_REQUEST", "record_number must begin with the relay's id");
  }
  const { paymentId, merchantId } = context;
  return {
    ...{ contextBytes, context, cardBox, pinBox, signed, relayId, recordNumber },
    contextDigest: digest("payment-context", contextBytes),
    digest: sha512(signed.readerPayment),
    span: telemetry.spanOf(request.traceparent, "processor.authorize", "server", {
      ...{ recordNumber, paymentId, merchantId },
    }),
    overAtMs: clock.monotonicMs() + request.timeLeftMs,
    content: undefined,
    early: undefined,
    pin: "NOT_ASKED",
    refusal: undefined,
  };
}

/** What the relay says in its own words must be what the reader signed. */
function requireRegrouped(request: AuthorizationRequest, context: CheckedContext): void {
  const types = [messageTypeOf(context.kind, false), messageTypeOf(context.kind, true)];
  if (!types.includes(request.messageType)) {
    throw new PaymentError(
      "MALFORMED_REQUEST",
      `message_type must be ${types.join(" or ")}, got ${request.messageType}`,
      { field: "message_type" },
    );
  }
  const expected = posEntryMode(context.wire.entryMode);
  if (request.posEntryMode !== expected) {
    throw new PaymentError("MALFORMED_REQUEST", `pos_entry_mode must be ${expected}`, {
      field: "pos_entry_mode",
    });
  }
}
