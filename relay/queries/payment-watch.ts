import { create } from "@bufbuild/protobuf";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type WatchPaymentsRequest,
  type WatchPaymentsResponse,
  WatchPaymentsResponseSchema,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { SIGN_OF_LIFE_MS } from "../../mesh/stream/silence.ts";
import { PaymentError } from "../../payment/errors.ts";
import { EVENTS_MAX, type EventStore, type RecordEventRow } from "../records/event-store.ts";
import { LogHold } from "../records/log-hold.ts";
import { epochOf, RESET_RECORD_NUMBER } from "../records/log-position.ts";
import { merchantWithin, type Scope } from "../registry/scope.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import { paymentRecordOf } from "./payment-record.ts";
import type { QueryStore } from "./query-store.ts";
import { WatchPlaces } from "./watch-places.ts";

/** What another instance changed is seen after this long. */
const LOOK_MS = 250;

interface Watcher {
  /** SPIFFE URI; undefined in plaintext. */
  readonly identity: string | undefined;
  readonly scopeNow: () => Promise<Scope>;
}

/** Follows the log of changes; reads it in order up to where nothing can be added any more. */
export class PaymentWatch {
  readonly #queries: QueryStore;
  readonly #events: EventStore;
  readonly #around: Pick<RelaySurroundings, "clock" | "stopping">;
  readonly #hold: LogHold;
  readonly #places = new WatchPlaces();

  constructor(
    queries: QueryStore,
    events: EventStore,
    around: Pick<RelaySurroundings, "clock" | "stopping">,
  ) {
    this.#queries = queries;
    this.#events = events;
    this.#around = around;
    this.#hold = new LogHold(around.clock);
  }

  /**
   * @param watcher whose scope is asked for before each look: who may not watch any more hears
   *   nothing more.
   * @throws PaymentError NOT_PERMITTED, OVERLOADED; WRONG_STATE for a start outside the log; and
   *   whatever the scope throws.
   */
  async *watch(
    request: WatchPaymentsRequest,
    { identity, scopeNow }: Watcher,
    signal: AbortSignal,
  ): AsyncGenerator<WatchPaymentsResponse> {
    const merchantNow = async () => merchantWithin(await scopeNow(), request.merchantId);
    await merchantNow();
    using _place = this.#places.take(identity, (await scopeNow()).kind === "all");
    const ended = AbortSignal.any([signal, this.#around.stopping]);
    yield* this.#follow(await this.#start(request), merchantNow, ended);
  }

  /** The beginning is that of what is kept. */
  async #start({ afterSequence, fromNow }: WatchPaymentsRequest): Promise<bigint> {
    if (fromNow) return (await this.#events.end()).last;
    return afterSequence === 0n ? await this.#events.trimmedUpTo() : afterSequence;
  }

  async *#follow(
    start: bigint,
    merchantNow: () => Promise<string | undefined>,
    ended: AbortSignal,
  ): AsyncGenerator<WatchPaymentsResponse> {
    const events = this.#events;
    const { clock } = this.#around;
    let after = start;
    let spokeAtMs = Number.NEGATIVE_INFINITY;
    while (!ended.aborted) {
      const merchantId = await merchantNow();
      const end = await events.end();
      this.#hold.look(end);
      // In every look: the log may be restored under a watch that is open.
      if (after > end.unused) throw logWasReset();
      // At once, too: headers leave with the first message, and a position before any change.
      if (clock.monotonicMs() - spokeAtMs >= SIGN_OF_LIFE_MS) {
        spokeAtMs = clock.monotonicMs();
        yield signOfLife(after, this.#hold.heldBackMs);
      }
      const page = await events.between({ after, below: end.settled, merchantId });
      // In every look, too: a watcher that is far behind may lose what it has not read yet.
      if (after < page.trimmedUpTo) throw isGone();
      const changes = page.events;
      yield* await this.#responses(changes, after);
      const isMore = changes.length === EVENTS_MAX;
      // Never back, and never beyond an event that there is: should the end of the log be lost, it
      // is lost to those alone who were told of it.
      const readUpTo = isMore ? (changes.at(-1)?.sequence ?? after) : end.last;
      if (readUpTo > after) after = readUpTo;
      if (changes.length > 0) spokeAtMs = clock.monotonicMs();
      if (!isMore) await clock.sleep(LOOK_MS, ended).catch(() => undefined);
    }
  }

  /** @returns nothing for a watcher that was told of no event which is lost. */
  async #reset(
    reset: RecordEventRow,
    after: bigint,
    changes: readonly RecordEventRow[],
  ): Promise<readonly WatchPaymentsResponse[]> {
    const before = changes.findLast(({ sequence }) => sequence < reset.sequence);
    const heard = before?.sequence ?? after;
    const kept = await this.#events.endedBefore(epochOf(reset.sequence));
    return heard > kept ? [logReset(kept, reset)] : [];
  }

  /** @param after the position before the first of them. */
  async #responses(
    changes: readonly RecordEventRow[],
    after: bigint,
  ): Promise<readonly WatchPaymentsResponse[]> {
    if (changes.length === 0) return [];
    const resets = changes.filter(({ recordNumber }) => recordNumber === RESET_RECORD_NUMBER);
    const told = await Promise.all(resets.map((reset) => this.#reset(reset, after, changes)));
    const numbers = [...new Set(changes.map(({ recordNumber }) => recordNumber))];
    const records = await this.#queries.findByNumbers(numbers);
    const byNumber = new Map(records.map((record) => [record.recordNumber, record]));
    return changes.flatMap((change) => {
      const reset = resets.indexOf(change);
      if (reset >= 0) return told[reset] ?? [];
      const record = byNumber.get(change.recordNumber);
      if (record === undefined) return [];
      return [
        create(WatchPaymentsResponseSchema, {
          sequence: change.sequence,
          payment: paymentRecordOf(record),
          state: PaymentState[change.state],
          changedAtMs: BigInt(change.changedAtMs),
          position: change.sequence,
        }),
      ];
    });
  }
}

/** Position 0 is of nothing: a watcher that knows of no log has lost nothing. */
function logReset(lost: bigint, reset: RecordEventRow): WatchPaymentsResponse {
  return create(WatchPaymentsResponseSchema, {
    sequence: 0n,
    position: reset.sequence,
    changedAtMs: BigInt(reset.changedAtMs),
    logReset: { lostAfter: lost },
  });
}

function signOfLife(position: bigint, heldBackMs: number): WatchPaymentsResponse {
  const held = BigInt(Math.round(heldBackMs));
  return create(WatchPaymentsResponseSchema, { sequence: 0n, position, heldBackMs: held });
}

/** What a caller has missed for ever is told, not left out in silence. */
function isGone(): PaymentError {
  return new PaymentError(
    "WRONG_STATE",
    "after_sequence is older than the log is kept: list the payments, and watch from now on",
    { field: "after_sequence" },
  );
}

function logWasReset(): PaymentError {
  return new PaymentError(
    "WRONG_STATE",
    "the log was reset, after_sequence is ahead of it: list the payments, and watch from now on",
    { field: "after_sequence" },
  );
}
