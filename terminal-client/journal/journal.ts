import {
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import {
  PaymentFaultSchema,
  type SignedPayment,
  SignedPaymentSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { type CardRead, CardReadSchema } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import {
  type PaymentReport,
  PaymentReportSchema,
  StartPaymentSchema,
} from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { DurableFiles } from "../../mesh/disk/durable-files.ts";
import { readEach } from "../../mesh/disk/read-each.ts";
import type { Log } from "../../mesh/log.ts";
import { errorOfFault, faultOf, PaymentError } from "../../payment/errors.ts";
import { type PaymentId, parsePaymentId } from "../../payment/identifiers.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { type PaymentRequest, parseStartPayment, startPaymentOf } from "../payment-request.ts";

/** Finished payments that a terminal can tell about without asking its relay. */
export const FINISHED_MAX = 1_000;
const FILE_PREFIX = "payment-";
const VERSION = 1;

/** What the terminal has on its disk about one payment. */
export interface JournalEntry {
  readonly paymentId: PaymentId;
  readonly request: PaymentRequest;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  /** Trace context of the payment's root span. */
  readonly traceparent: string;
  /** What was read, masked; absent before. */
  readonly card?: CardRead;
  /** The reader's bytes; there before they are submitted for the first time, gone in the end. */
  readonly signed?: SignedPayment;
  /** Why it ended before anything was submitted; gone in the end, whose report says it. */
  readonly reason?: PaymentError;
  /** The end; absent while the payment is open. */
  readonly report?: PaymentReport;
}

/** An entry whose bytes may have been submitted: only the relay knows what became of it. */
export type SignedEntry = JournalEntry & {
  readonly signed: SignedPayment;
  readonly card: CardRead;
};

export function isSigned(entry: JournalEntry): entry is SignedEntry {
  return entry.signed !== undefined && entry.card !== undefined && entry.report === undefined;
}

/** Whose payments a journal is of. */
interface JournalOwner {
  readonly merchantId: string;
  readonly terminalId: string;
}

interface JournalOptions {
  readonly files: DurableFiles;
  readonly owner: JournalOwner;
  /** Finished payments that are kept, at least 1; the oldest goes first. */
  readonly finishedMax: number;
  readonly log: Log;
}

/**
 * The terminal's memory: one file per payment. An id is here before the reader hears of it, the
 * signed bytes before they are submitted; so after a crash nothing that may have happened is
 * forgotten. What is not here may have happened all the same: memories are finite, disks are
 * replaced and restored. The relay knows.
 */
export class Journal {
  readonly #files: DurableFiles;
  readonly #finishedMax: number;
  readonly #owner: JournalOwner;
  readonly #entries = new Map<PaymentId, JournalEntry>();
  readonly #others = new Map<PaymentId, JournalEntry>();

  private constructor({ files, finishedMax, owner }: JournalOptions) {
    this.#files = files;
    this.#finishedMax = finishedMax;
    const { merchantId, terminalId } = owner;
    this.#owner = { merchantId, terminalId };
  }

  /**
   * A file that is no entry is logged and kept aside; its payment counts as forgotten. The payments
   * of another merchant's terminal are logged, and left as they are.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { files, log } = options;
    const journal = new Journal(options);
    const reading = { files, prefix: FILE_PREFIX, kind: "journal entry", log };
    await readEach(reading, (name, bytes) => journal.#take(parseEntry(name, bytes), log));
    return journal;
  }

  /** Whatever became of it, no processor's word for this merchant is about it. */
  findOthers(paymentId: PaymentId): JournalEntry | undefined {
    return this.#others.get(paymentId);
  }

  find(paymentId: PaymentId): JournalEntry | undefined {
    return this.#entries.get(paymentId);
  }

  /** Payments whose end is not known, oldest first. */
  get open(): readonly JournalEntry[] {
    return [...this.#entries.values()].filter(({ report }) => report === undefined);
  }

  /**
   * Stores a new payment, or a further step of one. Resolves when that is on the disk.
   *
   * @throws PaymentError STORE_NOT_REACHED; the disk may have the entry all the same.
   */
  async write(entry: JournalEntry): Promise<void> {
    await this.#store(entry, "write");
  }

  /** Writes the end of a payment. No byte of what the reader sealed stays on the disk. */
  async finish(
    { signed: _gone, reason: _told, ...entry }: JournalEntry,
    report: PaymentReport,
  ): Promise<void> {
    await this.#store({ ...entry, report }, "overwrite");
    await this.#forgetOldest();
  }

  async #store(entry: JournalEntry, how: "write" | "overwrite"): Promise<void> {
    const json = JSON.stringify({ ...entryToJson(entry), ...this.#owner });
    const bytes = new TextEncoder().encode(json);
    try {
      await this.#files[how](fileNameOf(entry.paymentId), bytes);
    } catch (cause) {
      const message = "the terminal can not write its journal: is its disk full or damaged?";
      throw new PaymentError("STORE_NOT_REACHED", message, { cause });
    }
    this.#entries.set(entry.paymentId, entry);
  }

  /** An entry of an earlier version names no owner: it counts as this terminal's. */
  #take({ entry, merchantId }: ParsedEntry, log: Log): void {
    const { paymentId } = entry;
    const isOwn = merchantId === undefined || merchantId === this.#owner.merchantId;
    (isOwn ? this.#entries : this.#others).set(paymentId, entry);
    if (isOwn) return;
    log.warn("the journal has a payment of another merchant's terminal; it is left alone", {
      paymentId,
      merchantId,
    });
  }

  /** Ids sort by time, so the first finished one is the oldest. */
  async #forgetOldest(): Promise<void> {
    const finished = [...this.#entries.values()].filter(({ report }) => report !== undefined);
    for (const { paymentId } of finished.slice(
      0,
      Math.max(0, finished.length - this.#finishedMax),
    )) {
      this.#entries.delete(paymentId);
      await this.#files.remove(fileNameOf(paymentId));
    }
  }
}

function fileNameOf(paymentId: PaymentId): string {
  return `${FILE_PREFIX}${paymentId}.json`;
}

function entryToJson(entry: JournalEntry): JsonObject {
  const { card, signed, reason, report } = entry;
  return {
    version: VERSION,
    start: toJson(StartPaymentSchema, startPaymentOf(entry.request, entry.paymentId)),
    startedAtMs: entry.startedAtMs,
    traceparent: entry.traceparent,
    ...(card && { card: toJson(CardReadSchema, card) }),
    ...(signed && { signed: toJson(SignedPaymentSchema, signed) }),
    ...(reason && { reason: toJson(PaymentFaultSchema, faultOf(reason)) }),
    ...(report && { report: toJson(PaymentReportSchema, report) }),
  };
}

interface ParsedEntry {
  readonly entry: JournalEntry;
  readonly merchantId: string | undefined;
}

function parseEntry(name: string, bytes: Uint8Array): ParsedEntry {
  const json = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, JsonValue>;
  if (json.version !== VERSION) throw new Error("version");
  const start = fromJson(StartPaymentSchema, json.start ?? {});
  const card = optionalMessage(CardReadSchema, json.card);
  const signed = optionalMessage(SignedPaymentSchema, json.signed);
  const reason = optionalMessage(PaymentFaultSchema, json.reason);
  const report = optionalMessage(PaymentReportSchema, json.report);
  const paymentId = parsePaymentId(start.paymentId);
  if (name !== fileNameOf(paymentId)) throw new Error("payment id");
  if (signed !== undefined) requireOwnBytes(paymentId, signed);
  const entry = {
    paymentId,
    request: parseStartPayment(start),
    startedAtMs: Number(json.startedAtMs),
    traceparent: String(json.traceparent),
    ...(card && { card }),
    ...(signed && { signed }),
    ...(reason && { reason: errorOfFault(reason) }),
    ...(report && { report }),
  };
  const { merchantId } = json;
  return { entry, merchantId: merchantId === undefined ? undefined : String(merchantId) };
}

function requireOwnBytes(paymentId: PaymentId, { readerPayment }: SignedPayment): void {
  const { context } = parseReaderPayment(readerPayment);
  if (context.paymentId !== paymentId) throw new Error("signed bytes");
}

function optionalMessage<Desc extends DescMessage>(
  schema: Desc,
  json: JsonValue | undefined,
): MessageShape<Desc> | undefined {
  return json === undefined ? undefined : fromJson(schema, json);
}
