import type { Telemetry } from "../../mesh/tracing/telemetry.ts";
import { traceNumberOf } from "../../payment/iso8583.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { newFlight } from "../forwarding/flight.ts";
import type { Forwarder } from "../forwarding/forwarder.ts";
import type { StoredRecord } from "../records/relay-record.ts";
import type { Registry } from "../registry/registry.ts";

interface ResumerOptions {
  readonly forwarder: Forwarder;
  readonly registry: Registry;
  readonly telemetry: Telemetry;
  readonly nextRequestNumber: () => bigint;
}

/** Sends recorded payments again that nothing in this process carries any more. */
export class Resumer {
  readonly #options: ResumerOptions;

  constructor(options: ResumerOptions) {
    this.#options = options;
  }

  /**
   * The processor answers a repeat as it answered the first time. What is over the sweep undoes.
   *
   * @param askedAtMs monotonic, before the record was read.
   */
  async resume(record: StoredRecord, askedAtMs: number): Promise<void> {
    const { forwarder, registry, telemetry, nextRequestNumber } = this.#options;
    const { payment, digest, contextDigest } = record;
    if (payment === undefined || digest === undefined || contextDigest === undefined) return;
    if (forwarder.has(record.recordNumber)) return;
    const { context } = parseReaderPayment(payment.readerPayment);
    const terminal = await registry.terminal(context.terminalId);
    // Somebody may have been faster during the look-up.
    if (forwarder.has(record.recordNumber)) return;
    const isMarked = record.state === "FORWARDED";
    const facts = {
      recordNumber: record.recordNumber,
      merchantId: record.merchantId,
      paymentId: record.paymentId,
      payment,
      context,
      digest,
      contextDigest,
      traceNumber: traceNumberOf(context.wire.counter),
      merchantCategoryCode: terminal?.checked?.wire.merchantCategoryCode ?? 0,
      overAtMs: askedAtMs + record.timeLeftMs,
      claimNumber: record.claimNumber,
      traceparent: record.traceparent,
      isMarked,
      // The run before may have sent it.
      timesSent: isMarked ? 1 : 0,
    };
    forwarder.add([newFlight(facts, nextRequestNumber(), telemetry)]);
  }
}
