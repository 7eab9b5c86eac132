import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type {
  GetPaymentRequest,
  ListPaymentsRequest,
  PaymentRecord,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { parsePageSize, parseStateFilter } from "../../mesh/list-request.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type MerchantId, parsePaymentId } from "../../payment/identifiers.ts";
import { parseRecordNumber } from "../../payment/record-number.ts";
import type { EventStore } from "../records/event-store.ts";
import { merchantWithin, type Scope } from "../registry/scope.ts";
import { paymentRecordOf } from "./payment-record.ts";
import type { PagePosition, QueryStore, ShownRecord } from "./query-store.ts";

interface PageOfPayments {
  readonly payments: readonly PaymentRecord[];
  /** Empty at the end. */
  readonly nextPageToken: string;
  /** A watch from here tells all that the page does not show. */
  readonly position: bigint;
}

/** What people and other services ask of a relay's records. */
export class PaymentQueries {
  readonly #queries: QueryStore;
  readonly #events: EventStore;

  constructor(queries: QueryStore, events: EventStore) {
    this.#queries = queries;
    this.#events = events;
  }

  /** @throws PaymentError MALFORMED_REQUEST, NOT_PERMITTED or PAYMENT_NOT_FOUND. */
  async get(request: GetPaymentRequest, scope: Scope): Promise<PaymentRecord> {
    const merchantId = merchantWithin(scope, request.merchantId);
    const record = await this.#find(request, merchantId);
    // Another merchant's record is not even there.
    if (record === undefined || (merchantId !== undefined && record.merchantId !== merchantId)) {
      const field = request.key.case === "recordNumber" ? "record_number" : "payment_id";
      const message = `no record with ${field} ${request.key.value}`;
      throw new PaymentError("PAYMENT_NOT_FOUND", message, { field });
    }
    return paymentRecordOf(record, await this.#events.ofRecord(record.recordNumber));
  }

  /** @throws PaymentError MALFORMED_REQUEST or NOT_PERMITTED. */
  async list(request: ListPaymentsRequest, scope: Scope): Promise<PageOfPayments> {
    const size = parsePageSize(request.pageSize, "page_size");
    const filter = {
      merchantId: merchantWithin(scope, request.merchantId),
      state: parseStateFilter(PaymentState, request.state),
      isAtEnd: endFilter(request.certainty),
    };
    const from = parsePageToken(request.pageToken);
    // Before the page: what changes meanwhile is told twice, and not never.
    const { last: position } = await this.#events.end();
    // One more than asked for says whether there is another page.
    const found = await this.#queries.list(filter, from, size + 1);
    const records = found.slice(0, size);
    const last = found.length > size ? records.at(-1) : undefined;
    return {
      payments: records.map((record) => paymentRecordOf(record)),
      nextPageToken: last === undefined ? "" : pageTokenOf(last),
      position,
    };
  }

  async #find(
    { key }: GetPaymentRequest,
    merchantId: MerchantId | undefined,
  ): Promise<ShownRecord | undefined> {
    if (key.case === "recordNumber") {
      return (await this.#queries.findByNumber(parseRecordNumber(key.value))) ?? undefined;
    }
    if (key.case !== "paymentId") {
      throw malformed("key", "key must be record_number or payment_id, got nothing");
    }
    const paymentId = parsePaymentId(key.value);
    if (merchantId !== undefined) {
      return (await this.#queries.findByPayment(merchantId, paymentId)) ?? undefined;
    }
    const [record, another] = await this.#queries.findByPaymentId(paymentId);
    if (another !== undefined) {
      throw malformed(
        "merchant_id",
        "merchant_id is required: several merchants have this payment",
      );
    }
    return record;
  }
}

function endFilter(certainty: Certainty): boolean | undefined {
  const { UNSPECIFIED, FINAL, UNKNOWN } = Certainty;
  if (certainty === UNSPECIFIED) return undefined;
  if (certainty === FINAL || certainty === UNKNOWN) return certainty === FINAL;
  throw malformed("certainty", `certainty must be a known certainty, got ${certainty}`);
}

/** Only this relay reads it again. */
function pageTokenOf({ recordedAt, recordNumber }: ShownRecord): string {
  return Buffer.from(`${recordedAt.getTime()} ${recordNumber}`).toString("base64url");
}

function parsePageToken(token: string): PagePosition | undefined {
  if (token === "") return undefined;
  const text = Buffer.from(token, "base64url").toString("latin1");
  const [, recordedAt, recordNumber] = /^(\d{1,14}) ([0-9A-Z]{12})$/.exec(text) ?? [];
  if (recordedAt === undefined || recordNumber === undefined) {
    throw malformed("page_token", "page_token must be the next_page_token of the page before");
  }
  return { recordedAtMs: Number(recordedAt), recordNumber };
}

function malformed(field: string, message: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", message, { field });
}
