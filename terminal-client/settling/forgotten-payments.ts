import { create } from "@bufbuild/protobuf";
import {
  AmountsSchema,
  Certainty,
  PaymentKind,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type CardRead, CardReadSchema } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { PaymentRecord } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { PaymentReport } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type PaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { type CurrencyCode, parseCurrency } from "../../payment/money.ts";
import { parseAmounts } from "../../payment/payment-context.ts";
import type { JournalEntry } from "../journal/journal.ts";
import {
  differingTerms,
  duplicateDiffers,
  type IdentifiedRequest,
  type PaymentRequest,
} from "../payment-request.ts";
import { Readiness } from "../readiness.ts";
import type { RelayLink } from "../relay/relay-link.ts";
import type { OpenPayments } from "./open-payments.ts";
import { NOTHING_KNOWN, reportUnknown } from "./payment-report.ts";

/** How long a question waits for a relay to be there. */
const READY_MS_MAX = 10_000;
/** How long a till waits for the relay's word on a payment id that the journal does not know. */
const ASK_MS_MAX = 3_000;
const NO_CURRENCY = 0 as CurrencyCode;

/**
 * Payments that the journal does not know. They may have happened: the journal is finite, and disks
 * are replaced and restored. The relay knows.
 */
export class ForgottenPayments {
  readonly #relay: RelayLink;
  readonly #openPayments: OpenPayments;
  readonly #clock: Clock;
  readonly #readiness: Readiness;

  constructor(relay: RelayLink, openPayments: OpenPayments, clock: Clock) {
    this.#relay = relay;
    this.#openPayments = openPayments;
    this.#clock = clock;
    this.#readiness = new Readiness(() => missingRelay(relay));
  }

  /** To be called when the relay may have come. */
  relayChanged(): void {
    this.#readiness.changed();
  }

  /**
   * Asks the relay.
   *
   * @returns undefined when it has never seen the id; an error when nobody could tell:
   *   DEADLINE_EXCEEDED, UPSTREAM_NOT_REACHED, or what the relay refused to answer with.
   */
  async ask(paymentId: PaymentId): Promise<PaymentRecord | PaymentError | undefined> {
    const late = Promise.withResolvers<never>();
    try {
      await this.#readiness.wait(this.#clock, READY_MS_MAX);
      using _timer = this.#clock.timer(ASK_MS_MAX, () => late.reject(noAnswer()));
      return await Promise.race([this.#relay.getPayment(paymentId), late.promise]);
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return error.code === "PAYMENT_NOT_FOUND" ? undefined : error;
    }
  }

  /** What the relay knows. @throws PaymentError PAYMENT_NOT_FOUND when it has never seen it. */
  async find(paymentId: PaymentId): Promise<PaymentReport> {
    const record = await this.ask(paymentId);
    if (record instanceof PaymentError) return reportUnanswered(paymentId, record);
    if (record === undefined) {
      const message = "neither the terminal nor its relay knows a payment with this id";
      throw new PaymentError("PAYMENT_NOT_FOUND", message, { field: "payment_id" });
    }
    return await this.#read(record, paymentId);
  }

  /**
   * Follows what the relay remembers to its end.
   *
   * @returns undefined when that is another payment than the till asks for.
   */
  takeUp(record: PaymentRecord, request: IdentifiedRequest): JournalEntry | undefined {
    if (differencesOf(record, request).length > 0) return undefined;
    const entry = entryOfRecord(record, request.paymentId, request);
    return this.#openPayments.remember(entry, record).entry;
  }

  /**
   * The till asks for another payment than the relay remembers. Until the processor has signed what
   * the id stands for, that is the relay's word alone, and it may have taken this very payment.
   *
   * @throws PaymentError DUPLICATE_DIFFERS when it has.
   */
  async refuse(record: PaymentRecord, request: IdentifiedRequest): Promise<PaymentReport> {
    const { certainty, state } = await this.#read(record, request.paymentId);
    const differs = duplicateDiffers(differencesOf(record, request));
    if (certainty === Certainty.FINAL && state !== PaymentState.REVERSED) throw differs;
    return reportUnanswered(request.paymentId, differs);
  }

  async #read(record: PaymentRecord, paymentId: PaymentId): Promise<PaymentReport> {
    try {
      const entry = entryOfRecord(record, paymentId);
      return await this.#openPayments.read(entry, record);
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return reportUnanswered(paymentId, error);
    }
  }
}

export function missingRelay({ isConnected }: RelayLink): PaymentError | undefined {
  if (isConnected) return undefined;
  return new PaymentError("UPSTREAM_NOT_REACHED", "no relay is connected");
}

/** Nobody could say what became of this id: it is not begun, and may have happened before. */
export function reportUnanswered(paymentId: PaymentId, error: PaymentError): PaymentReport {
  return reportUnknown({ paymentId, traceparent: "" }, { ...NOTHING_KNOWN, error });
}

function noAnswer(): PaymentError {
  const message = `the relay did not say within ${ASK_MS_MAX} ms whether it knows this payment`;
  return new PaymentError("DEADLINE_EXCEEDED", message);
}

/**
 * A forgotten payment as the journal would have it.
 *
 * @param request what the till asks for: by default what the record says was asked for.
 * @throws PaymentError when the record asks for what nobody can ask for.
 */
function entryOfRecord(
  record: PaymentRecord,
  paymentId: PaymentId,
  request = requestOf(record),
): JournalEntry {
  return {
    paymentId,
    request,
    startedAtMs: Number(record.recordedAtMs),
    traceparent: `00-${record.traceId.padStart(32, "0")}-${"1".padStart(16, "0")}-00`,
    card: cardOf(record, paymentId),
  };
}

/** Fields in which the till asks for something else than what the record is of. */
function differencesOf(record: PaymentRecord, request: PaymentRequest): readonly string[] {
  const { kind, currency, amounts } = record;
  // Made impossible before it came: it stands for whatever may be asked for under this id.
  if (kind === PaymentKind.UNSPECIFIED) return [];
  return differingTerms(
    {
      ...request,
      kind,
      currency: currency as CurrencyCode,
      amounts: amounts ?? create(AmountsSchema),
    },
    request,
  );
}

/** A relay does not keep whether less than the total was acceptable: the processor's word tells. */
function requestOf({ kind, amounts, currency }: PaymentRecord): PaymentRequest {
  // Made impossible before it came: nobody knows what would have been asked for.
  if (kind === PaymentKind.UNSPECIFIED) {
    return { kind, amounts: create(AmountsSchema), currency: NO_CURRENCY, acceptPartial: false };
  }
  return {
    kind,
    amounts: parseAmounts(amounts, kind),
    currency: parseCurrency(currency),
    acceptPartial: true,
  };
}

/** What is left of it at a relay, as far as a receipt shows it. */
function cardOf({ lastFour, scheme, entryMode }: PaymentRecord, paymentId: PaymentId): CardRead {
  const maskedPan = lastFour === "" ? "" : lastFour.padStart(16, "*");
  return create(CardReadSchema, {
    paymentId: paymentIdToBytes(paymentId),
    maskedPan,
    scheme,
    entryMode,
  });
}
