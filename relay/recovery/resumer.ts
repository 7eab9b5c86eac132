import { parseReaderPayment } from "../../payment/payment-context.ts";
import type { Forwarder } from "../forwarding/forwarder.ts";
import { isSealed, type StoredRecord } from "../records/relay-record.ts";
import type { Registry } from "../registry/registry.ts";

/** Sends recorded payments again that nothing in this process carries any more. */
export class Resumer {
  readonly #forwarder: Forwarder;
  readonly #registry: Registry;

  constructor(forwarder: Forwarder, registry: Registry) {
    this.#forwarder = forwarder;
    this.#registry = registry;
  }

  /**
   * The processor answers a repeat as it answered the first time. What is over the sweep undoes.
   *
   * @param askedAtMs monotonic, before the record was read.
   */
  async resume(record: StoredRecord, askedAtMs: number): Promise<void> {
    const forwarder = this.#forwarder;
    if (!isSealed(record) || forwarder.has(record.recordNumber)) return;
    const { context } = parseReaderPayment(record.payment.readerPayment);
    const terminal = await this.#registry.terminal(context);
    // Somebody may have been faster during the look-up.
    if (forwarder.has(record.recordNumber)) return;
    const merchantCategoryCode = terminal?.checked?.wire.merchantCategoryCode ?? 0;
    // The run before may have sent it.
    const timesSent = record.state === "FORWARDED" ? 1 : 0;
    const overAtMs = askedAtMs + record.timeLeftMs;
    forwarder.add([{ record, context, merchantCategoryCode, timesSent, overAtMs }]);
  }
}
