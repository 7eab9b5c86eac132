import { SlotMap } from "../../mesh/slot-map.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { PaymentError } from "../../payment/errors.ts";
import type { RecordNumber } from "../../payment/record-number.ts";
import type { RecordStore } from "../records/record-store.ts";
import type { SentBox } from "./acknowledgement-queue.ts";
import {
  authorizationRequestOf,
  type Flight,
  INSTITUTIONS,
  type Institutions,
  isMarked,
  newFlight,
  type PaymentToSend,
} from "./flight.ts";
import { BOX_ENTRIES_MAX, type ProcessorLanes } from "./processor-lanes.ts";

/** Without an answer for this long the same bytes are sent again. */
const REPEAT_AFTER_MS = 8_000;
/** From then on another instance may have had to do with it. */
const LONG_MS = 2_000;
/** After a fault that says "try again". */
const RETRY_MS = 500;

/** Under 2 KiB each. More would not be answered before its deadline anyway. */
const FLIGHTS_MAX = 50_000;

interface ForwardingTerms {
  readonly institutions?: Institutions | undefined;
  readonly flightsMax?: number | undefined;
}

/** Sends payments to a processor, again if need be, until they are answered or given up. */
export class Forwarder {
  readonly #lanes: ProcessorLanes;
  readonly #store: Pick<RecordStore, "markForwarded">;
  readonly #institutions: Institutions;
  readonly #flightsMax: number;
  readonly #around: Pick<Surroundings, "clock" | "log" | "telemetry">;
  readonly #byRequest = new SlotMap<bigint, Flight>();
  readonly #byRecord = new SlotMap<RecordNumber, Flight>();
  /** Those that are not on their way: no stream took them yet, or theirs is dead. */
  readonly #unsent = new SlotMap<bigint, Flight>();
  #isFlushing = false;

  /** @param flightsMax payments that may wait for answers; no more should be recorded then. */
  constructor(
    lanes: ProcessorLanes,
    store: Pick<RecordStore, "markForwarded">,
    { institutions = INSTITUTIONS, flightsMax = FLIGHTS_MAX }: ForwardingTerms,
    around: Pick<Surroundings, "clock" | "log" | "telemetry">,
  ) {
    this.#lanes = lanes;
    this.#store = store;
    this.#institutions = institutions;
    this.#flightsMax = flightsMax;
    this.#around = around;
  }

  get isFull(): boolean {
    return this.#byRecord.size >= this.#flightsMax;
  }

  has(recordNumber: RecordNumber): boolean {
    return this.#byRecord.has(recordNumber);
  }

  find(recordNumber: RecordNumber): Flight | undefined {
    return this.#byRecord.get(recordNumber);
  }

  /** Sends them at once if FORWARDED is committed and a stream is open; else as soon as can be. */
  add(payments: readonly PaymentToSend[]): void {
    const { telemetry } = this.#around;
    const marked: Flight[] = [];
    for (const payment of payments) {
      const flight = newFlight(payment, this.#lanes.nextRequestNumber(), telemetry);
      this.#byRequest.set(flight.requestNumber, flight);
      this.#byRecord.set(flight.record.recordNumber, flight);
      this.#unsent.set(flight.requestNumber, flight);
      if (isMarked(flight)) marked.push(flight);
    }
    this.#sendMarked(marked);
  }

  /** The payment that an answer is about; undefined when it was given up or answered before. */
  answered(requestNumber: bigint): Flight | undefined {
    return this.#byRequest.get(requestNumber);
  }

  /** It is answered: nothing is sent and no other answer is heard any more. */
  settle(flight: Flight, errorType?: string): void {
    if (!this.#byRequest.delete(flight.requestNumber)) return;
    this.#unsent.delete(flight.requestNumber);
    flight.box = undefined;
    flight.span.end(errorType);
  }

  /** Its record is not FORWARDED any more. Until then nobody else may start it again. */
  drop(flight: Flight, errorType?: string): void {
    this.settle(flight, errorType);
    this.#byRecord.delete(flight.record.recordNumber);
  }

  /** Whether it is worth looking if somebody else has finished it meanwhile. */
  isWaitingLong(recordNumber: RecordNumber): boolean {
    const flight = this.#byRecord.get(recordNumber);
    if (flight === undefined) return true;
    return flight.sentAtMs + LONG_MS < this.#around.clock.monotonicMs();
  }

  /** Gives up everything whose time is over. @returns those. */
  dropLate(): readonly Flight[] {
    const nowMs = this.#around.clock.monotonicMs();
    const late = [...this.#byRecord.values()].filter(
      ({ requestNumber, overAtMs }) => this.#byRequest.has(requestNumber) && overAtMs <= nowMs,
    );
    for (const flight of late) this.drop(flight, "DEADLINE_EXCEEDED");
    return late;
  }

  /** The processor could not take it now. */
  retryLater(flight: Flight, error: PaymentError): void {
    flight.notBeforeMs = this.#around.clock.monotonicMs() + (error.retryAfterMs ?? RETRY_MS);
    this.#unsend(flight);
  }

  boxRefused(box: SentBox, error: PaymentError): void {
    for (const flight of this.#byRecord.values()) {
      const sent = flight.box;
      if (sent?.number !== box.number || sent.stream !== box.stream || sent.lane !== box.lane) {
        continue;
      }
      this.retryLater(flight, error);
    }
  }

  streamOver(lane: number, stream: number): void {
    for (const flight of this.#byRecord.values()) {
      if (flight.box?.lane === lane && flight.box.stream === stream) this.#unsend(flight);
    }
    this.flush();
  }

  /** Looks for payments that have waited too long for an answer. */
  repeatStale(): void {
    const nowMs = this.#around.clock.monotonicMs();
    const sentBeforeMs = nowMs - REPEAT_AFTER_MS;
    for (const flight of this.#byRecord.values()) {
      const isStale = flight.box !== undefined && flight.sentAtMs <= sentBeforeMs;
      // Past its deadline a payment is undone, not asked for again.
      if (isStale && nowMs < flight.overAtMs) this.#unsend(flight);
    }
    this.flush();
  }

  /** Sends what waits to be sent. Never throws. */
  flush(): void {
    if (this.#isFlushing || this.#unsent.size === 0 || !this.#lanes.isWritable) return;
    this.#isFlushing = true;
    this.#flush()
      .catch((error: unknown) => {
        // They stay unsent; the next stream, or the next look, tries again.
        this.#around.log.failure("payments could not be marked as forwarded", error);
      })
      .finally(() => {
        this.#isFlushing = false;
      });
  }

  async #flush(): Promise<void> {
    const nowMs = this.#around.clock.monotonicMs();
    const isReady = (flight: Flight) => flight.notBeforeMs <= nowMs && nowMs < flight.overAtMs;
    const ready = [...this.#unsent.values()].filter(isReady);
    this.#sendMarked(ready.filter(isMarked));
    const unmarked = ready.filter((flight) => !isMarked(flight));
    for (let start = 0; start < unmarked.length; start += BOX_ENTRIES_MAX) {
      const some = unmarked.slice(start, start + BOX_ENTRIES_MAX);
      const marked = await this.#store.markForwarded(some.map(({ record }) => record));
      for (const flight of some) {
        const { record } = flight;
        if (marked.has(record.recordNumber)) flight.record = { ...record, state: "FORWARDED" };
        // Somebody else looks after it now.
        else this.drop(flight, "WRONG_STATE");
      }
      this.#sendMarked(
        some.filter((flight) => isMarked(flight) && this.#unsent.has(flight.requestNumber)),
      );
    }
  }

  #sendMarked(flights: readonly Flight[]): void {
    const institutions = this.#institutions;
    const { clock } = this.#around;
    for (let start = 0; start < flights.length; start += BOX_ENTRIES_MAX) {
      const some = flights.slice(start, start + BOX_ENTRIES_MAX);
      const authorizations = some.map((flight) =>
        authorizationRequestOf(flight, institutions, clock),
      );
      const box = this.#lanes.send({ authorizations });
      if (box === undefined) return;
      for (const flight of some) {
        flight.box = box;
        flight.sentAtMs = clock.monotonicMs();
        flight.timesSent += 1;
        this.#unsent.delete(flight.requestNumber);
      }
    }
  }

  #unsend(flight: Flight): void {
    flight.box = undefined;
    this.#unsent.set(flight.requestNumber, flight);
  }
}
