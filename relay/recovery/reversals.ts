import { create, toBinary } from "@bufbuild/protobuf";
import {
  ReverseSchema,
  type SignedReverse,
  SignedReverseSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type ReversalRequest,
  ReversalRequestSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { PaymentErrorCode } from "../../payment/errors.ts";
import { type MerchantId, type PaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import { type REVERSAL_REASONS, reversalMessageType } from "../../payment/iso8583.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import { HELD } from "../../payment/states.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { sign } from "../../sealing/keys/dsse.ts";
import { BOX_ENTRIES_MAX, type ProcessorLanes } from "../forwarding/processor-lanes.ts";
import type { RelayRecord, SignedSubmission } from "../records/relay-record.ts";
import type { Waiting } from "../records/waiting.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import type { RecoveryStore } from "./recovery-store.ts";

/** The digest of a payment that was cancelled before the relay ever saw its bytes. */
const NO_DIGEST = new Uint8Array(64);

type ReversalReason = (typeof REVERSAL_REASONS)[keyof typeof REVERSAL_REASONS];

/** Orders to undo payments: signed once, stored, sent until they are answered. */
export class Reversals {
  readonly #store: RecoveryStore;
  readonly #lanes: ProcessorLanes;
  readonly #signing: Signer;
  readonly #waiting: Pick<Waiting, "tell">;
  readonly #around: Pick<RelaySurroundings, "relayId" | "clock" | "log" | "telemetry">;
  /** Records whose order is on its way. One record has one entry, however often it is repeated. */
  readonly #byRequest = new Map<bigint, RelayRecord>();
  readonly #requestNumbers = new Map<RecordNumber, bigint>();

  /** @param waiting is told when it is committed that a record is REVERSING. */
  constructor(
    store: RecoveryStore,
    lanes: ProcessorLanes,
    signing: Signer,
    waiting: Pick<Waiting, "tell">,
    around: Pick<RelaySurroundings, "relayId" | "clock" | "log" | "telemetry">,
  ) {
    this.#store = store;
    this.#lanes = lanes;
    this.#signing = signing;
    this.#waiting = waiting;
    this.#around = around;
  }

  /**
   * Moves records to REVERSING, where nobody else was faster, and sends the orders. Of a payment
   * from before a restore the order asks first: it undoes anything but an approval.
   *
   * @returns those that are REVERSING now.
   */
  async begin(
    records: readonly RelayRecord[],
    reason: ReversalReason,
    faultCode?: PaymentErrorCode,
  ): Promise<readonly RelayRecord[]> {
    if (records.length === 0) return [];
    const ordered = records.map((record) => ({
      ...record,
      state: "REVERSING" as const,
      payment: undefined,
      contextBytes: undefined,
      reverse: this.#order(record, record.contextBytes, reason),
      faultCode,
    }));
    const begun = await this.#store.beginReversals(ordered);
    const reversing = ordered.filter(({ recordNumber }) => begun.has(recordNumber));
    this.send(reversing, false);
    for (const record of reversing) this.#waiting.tell(record);
    return reversing;
  }

  /**
   * Puts an order that names the bytes in the place of one that named the id alone.
   *
   * @returns the record now; undefined when somebody else changed it first.
   */
  async recognise(
    tombstone: RelayRecord,
    submission: SignedSubmission,
    reason: ReversalReason,
  ): Promise<RelayRecord | undefined> {
    const { digest, contextDigest, context } = submission;
    const { terminalId, kind } = context;
    const known = { ...tombstone, digest, contextDigest, terminalId, kind };
    const record = { ...known, reverse: this.#order(known, submission.contextBytes, reason) };
    if (!(await this.#store.recognise({ record, context }))) return undefined;
    this.send([record], false);
    this.#waiting.tell(record);
    return record;
  }

  /** An order for a payment of which nothing but its id is known. */
  orderTombstone(payment: {
    readonly recordNumber: RecordNumber;
    readonly merchantId: MerchantId;
    readonly paymentId: PaymentId;
    readonly reason: ReversalReason;
  }): SignedReverse {
    return this.#order(
      { ...payment, digest: NO_DIGEST, isFromBefore: false },
      undefined,
      payment.reason,
    );
  }

  /** Without a stream nothing is sent; the orders are due again by themselves. */
  send(records: readonly RelayRecord[], isRepeat: boolean): void {
    for (let start = 0; start < records.length; start += BOX_ENTRIES_MAX) {
      const some = records.slice(start, start + BOX_ENTRIES_MAX);
      const reversals = some.flatMap((record) => this.#requestOf(record, isRepeat));
      this.#lanes.send({ reversals });
    }
  }

  /** The processor's operator has to decide: the order is repeated with longer pauses, for ever. */
  async hold(record: RelayRecord): Promise<void> {
    const { recordNumber } = record;
    if (!(await this.#store.hold(recordNumber))) return;
    const message = "a reversal waits for an operator";
    this.#around.log.security("reversal_held", message, { recordNumber });
    this.#waiting.tell({ ...record, faultCode: HELD });
  }

  /** The record that an answer is about. */
  answered(requestNumber: bigint): RelayRecord | undefined {
    return this.#byRequest.get(requestNumber);
  }

  /** The record is final, or has another order. */
  drop(recordNumber: RecordNumber): void {
    const requestNumber = this.#requestNumbers.get(recordNumber);
    if (requestNumber === undefined) return;
    this.#requestNumbers.delete(recordNumber);
    this.#byRequest.delete(requestNumber);
  }

  /** What was answered to an order that named no bytes says nothing of one that names them. */
  #dropOther(recordNumber: RecordNumber, { reverse }: SignedReverse): void {
    const requestNumber = this.#requestNumbers.get(recordNumber);
    const sent = requestNumber === undefined ? undefined : this.#byRequest.get(requestNumber);
    if (sent?.reverse === undefined || equalBytes(sent.reverse.reverse, reverse)) return;
    this.drop(recordNumber);
  }

  #requestOf(record: RelayRecord, isRepeat: boolean): ReversalRequest[] {
    const { reverse, recordNumber, traceparent } = record;
    if (reverse === undefined) return [];
    this.#dropOther(recordNumber, reverse);
    const requestNumber = this.#requestNumbers.get(recordNumber) ?? this.#lanes.nextRequestNumber();
    this.#requestNumbers.set(recordNumber, requestNumber);
    this.#byRequest.set(requestNumber, record);
    const span = this.#around.telemetry.spanOf(traceparent, "relay.reverse", "producer", {
      recordNumber,
      paymentId: record.paymentId,
    });
    span.end();
    return [
      create(ReversalRequestSchema, {
        requestNumber,
        messageType: reversalMessageType(isRepeat),
        reverse,
        traceparent: span.traceparent,
      }),
    ];
  }

  /** @param context without it nothing but the id can be named. */
  #order(
    payment: Pick<
      RelayRecord,
      "recordNumber" | "merchantId" | "paymentId" | "digest" | "isFromBefore"
    >,
    context: Uint8Array | undefined,
    reason: ReversalReason,
  ): SignedReverse {
    const { relayId, clock } = this.#around;
    const reverse = toBinary(
      ReverseSchema,
      create(ReverseSchema, {
        version: 1,
        paymentId: paymentIdToBytes(payment.paymentId),
        merchantId: payment.merchantId,
        digest: (context && payment.digest) ?? NO_DIGEST,
        relayId,
        recordNumber: payment.recordNumber,
        reason,
        relayTimeMs: BigInt(Math.round(clock.nowMs())),
        context: context ?? new Uint8Array(),
        unlessApproved: payment.isFromBefore,
      }),
    );
    return create(SignedReverseSchema, {
      reverse,
      signature: sign("reverse", reverse, this.#signing),
    });
  }
}
