import { Certainty } from "../../../gen/cardlane/payment/v1/payment_pb.ts";
import { type Prepared, ShownOutcome } from "../../../gen/cardlane/reader/v1/reader_pb.ts";
import type {
  Completed,
  TransactRequest,
  TransactResponse,
} from "../../../gen/cardlane/relay/v1/relay_pb.ts";
import type { PaymentReport } from "../../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { type PaymentId, paymentIdFromBytes } from "../../../payment/identifiers.ts";
import { parseReaderPayment } from "../../../payment/payment-context.ts";
import type { ReaderDevice } from "../../../reader-sim/reader-device.ts";
import { sha512 } from "../../../sealing/curves/hash.ts";
import type { PaymentRequest } from "../../../terminal-client/payment-request.ts";
import type { SqlRow } from "../world/connections.ts";
import type { Disk } from "../world/disk.ts";
import type { Life } from "../world/host.ts";

/** What a till asked for, and what its customer did. */
export interface AskedPayment {
  readonly request: PaymentRequest;
  /** Name of the test card. */
  readonly card: string;
  /** Whether the PIN is the card's, where one is typed. */
  readonly isPinRight: boolean;
}

/** An end that a reader's display showed. */
export interface ShownEnd {
  /** Serial number. */
  readonly reader: string;
  /** "APPROVED 10.01 EUR" */
  readonly text: string;
}

/** What somebody outside was told, and what was asked for. */
export class Observations {
  /** What tills asked for, by payment id. */
  readonly asked = new Map<string, AskedPayment>();
  /** Every report that a till got, in order. */
  readonly reports: PaymentReport[] = [];
  /** Record numbers that a relay acknowledged. */
  readonly recorded = new Map<string, PaymentId>();
  /** Final outcomes that a relay told. */
  readonly completed: Completed[] = [];
  /** Digests of the bytes that were submitted, by payment id. */
  readonly submitted = new Map<PaymentId, Set<string>>();
  /** Digests of the bytes that were submitted, by reader and counter. */
  readonly counted = new Map<string, Set<string>>();
  /** Serial numbers of readers that got an older disk: they use counters twice. */
  readonly forgetful = new Set<string>();
  /** Which bytes a relay said are that record. */
  readonly accepted: { readonly recordNumber: string; readonly digest: string }[] = [];
  /** What readers showed, each text once. */
  readonly shown = new Map<string, ShownEnd>();
  /** When records were committed, and their outcomes, by the only clock that is right. */
  readonly recordedAtMs = new Map<string, number>();
  readonly completedAtMs = new Map<string, number>();
  /** Serial numbers of readers that a processor has suspended, and no operator released since. */
  readonly suspended = new Set<string>();
  /** Which reader signed a payment, by its id. */
  readonly #readers = new Map<string, string>();
  /** Whether the PIN service's database was put back: what it forgot can be judged once more. */
  arePinsRestored = false;
  /** Whether the relays' database was put back: records that it told are gone for good. */
  areRelaysRestored = false;
  /** How often the ledger's clock was put back: a day may have begun once more each time. */
  timesLedgerPutBack = 0;
  /** What is wrong already, before the end. */
  readonly violations: string[] = [];
  /** How often each record was claimed, as PostgreSQL said last. */
  readonly #claims = new Map<string, number>();
  /** The same, as each program heard it last. */
  readonly #known = new Map<string, number>();

  /** A reader shows a customer the amount of a payment. */
  seePrepared({ paymentId }: Prepared): void {
    const id = paymentIdFromBytes(paymentId);
    const isOver = this.reports.some(
      (report) => report.paymentId === id && report.certainty === Certainty.FINAL,
    );
    // Of what relays and terminal have both forgotten only the processor knows, and refuses it.
    if (isOver && !this.areRelaysRestored)
      this.violations.push(`a card was asked for again for ${id}, which had ended`);
  }

  /**
   * Every frame that leaves a program comes by here.
   *
   * @param disk the sender's, where it has one.
   */
  seeFrame(sender: string, frame: unknown, disk: Disk | undefined): void {
    const { frame: one } = frame as TransactRequest | TransactResponse;
    switch (one?.case) {
      case "submit":
        this.#seeSubmit(sender, one.value.payment?.readerPayment ?? new Uint8Array(), disk);
        return;
      case "recorded":
        this.recorded.set(one.value.recordNumber, paymentIdFromBytes(one.value.paymentId));
        return;
      case "completed":
        if (one.value.certainty === Certainty.FINAL) this.completed.push(one.value);
        return;
    }
  }

  /** What stands on a reader's display when it says something. */
  seeDisplay({ serial, display }: Pick<ReaderDevice, "serial" | "display">): void {
    if (display.shown === ShownOutcome.UNSPECIFIED) return;
    const text = display.lines.join(" ");
    this.shown.set(`${serial} ${text}`, { reader: serial, text });
  }

  /** Whoever submits what a power cut makes it forget can not tell its end afterwards. */
  #seeSubmit(sender: string, readerPayment: Uint8Array, disk: Disk | undefined): void {
    const { context } = parseReaderPayment(readerPayment);
    // Bytes are in a journal as Base64.
    if (disk?.holds(Buffer.from(readerPayment).toString("base64")) === false) {
      this.violations.push(`${sender} submitted ${context.paymentId}, and has no entry of it`);
    }
    const digest = shortDigest(sha512(readerPayment));
    addTo(this.submitted, context.paymentId, digest);
    this.#readers.set(context.paymentId, context.readerSerial);
    // The rogue till signs what no reader would.
    const counter = `${context.wire.readerSerial} ${context.wire.counter}`;
    if (sender !== ROGUE) addTo(this.counted, counter, digest);
  }

  /** Nothing is decided of a reader that was suspended, until an operator registers it again. */
  #seeReader(name: string, row: SqlRow): void {
    if (name === "payment.read" && row.suspended_reader) {
      this.suspended.add(String(row.suspended_reader));
    }
    if (name === "reader.register") this.suspended.delete(String(row.reader_serial));
    if (name !== "payment.write") return;
    const id = String(row.payment_id);
    const reader = this.#readers.get(id) ?? "";
    if (!this.suspended.has(reader)) return;
    this.violations.push(`payment ${id} was decided, its reader ${reader} is suspended`);
  }

  /**
   * Follows who has claimed each record. Whoever moves one on must have got it from the database
   * after the last claim: what was decided on the strength of an older one is void.
   */
  seeStatement(life: Life, name: string, rows: readonly SqlRow[]): void {
    for (const row of rows) {
      this.#seeReader(name, row);
      const recordNumber = String(row.record_number);
      const who = `${life.host.name} (life ${life.number})`;
      const { elapsedMs } = life.host.world.timeline;
      if (name === "insert_records") this.recordedAtMs.set(recordNumber, elapsedMs);
      if (name === "complete_records") this.completedAtMs.set(recordNumber, elapsedMs);
      if (name === "begin_reversals" || name === "mark_records_forwarded") {
        const [known, current] = [this.#known.get(`${who} ${recordNumber}`), this.#claims];
        if (known === current.get(recordNumber)) continue;
        const what = `did ${name} to ${recordNumber}, which was claimed since it looked`;
        this.violations.push(`fencing: ${who} ${what}`);
      } else if (row.claim_number !== undefined || name === "insert_records") {
        const claimNumber = Number(row.claim_number ?? 0);
        this.#known.set(`${who} ${recordNumber}`, claimNumber);
        this.#claims.set(recordNumber, claimNumber);
      }
    }
  }
}

/** The host of the till that does not keep to the rules. */
export const ROGUE = "X1";

/** The first 16 hexadecimal digits. */
export function shortDigest(digest: Uint8Array): string {
  return Buffer.from(digest).toString("hex").slice(0, 16);
}

function addTo<Key>(sets: Map<Key, Set<string>>, key: Key, item: string): void {
  const set = sets.get(key) ?? new Set();
  set.add(item);
  sets.set(key, set);
}
