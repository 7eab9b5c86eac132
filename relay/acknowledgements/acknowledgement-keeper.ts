import type { Acknowledgement } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { ProcessorLanes } from "../forwarding/processor-lanes.ts";
import type { RelaySurroundings } from "../relay-surroundings.ts";
import type { AcknowledgementStore } from "./acknowledgement-store.ts";
import { type Committed, PendingResults, type Ticket } from "./pending-results.ts";

/** How often the mark moves on. */
const LOOK_MS = 2_000;
/** How often an instance that has nothing to write says that it lives. */
const ALIVE_MS = 20_000;
/** Marks of instances that are away are looked for so often. */
const LEFT_BEHIND_MS = 30_000;
/** With a processor in reach all that time, what is older is told. */
const TOLD_AFTER_MS = 600_000;

type Marks = Pick<
  AcknowledgementStore,
  "settled" | "open" | "mark" | "page" | "leftBehind" | "forget"
>;

/**
 * Sees that the processor learns of every result that was committed: what it has not confirmed
 * is acknowledged again, also by the run after this one, and by another instance for one that is
 * away. Otherwise a relay whose database was restored could undo what it had told.
 *
 * No row is written for a payment. The mark is a position in the log of changes, up to which all is
 * confirmed; what comes behind is read from the log after a restart.
 */
export class AcknowledgementKeeper implements AsyncDisposable {
  readonly #store: Marks;
  readonly #lanes: Pick<ProcessorLanes, "acknowledge" | "repeatAcknowledgements" | "isOpen">;
  readonly #around: Pick<RelaySurroundings, "clock" | "log">;
  readonly #pending: PendingResults;
  readonly #stopping = new AbortController();
  readonly #outage: Outage;
  readonly #unconfirmed: Outage;
  #running: Promise<void> = Promise.resolve();
  /** Undefined until this run has read it. */
  #mark: bigint | undefined;
  /** The log has more than memory: after a start, and when there was too much to keep. */
  #isBehind = true;
  /** Everything up to here is below the mark. */
  #markedTicket: Ticket = 0;
  #wroteAtMs = Number.NEGATIVE_INFINITY;
  #lookedForLeftAtMs = Number.NEGATIVE_INFINITY;
  #openSinceMs: number | undefined;

  constructor(
    store: Marks,
    lanes: Pick<ProcessorLanes, "acknowledge" | "repeatAcknowledgements" | "isOpen">,
    around: Pick<RelaySurroundings, "clock" | "log">,
  ) {
    this.#store = store;
    this.#lanes = lanes;
    this.#around = around;
    this.#pending = new PendingResults(around.clock);
    this.#outage = new Outage(around.log, {
      begins: "acknowledgements cannot be looked after",
      ends: "acknowledgements are looked after again",
    });
    this.#unconfirmed = new Outage(around.log, {
      begins: "the processor has not confirmed acknowledgements for ten minutes",
      ends: "the processor confirms acknowledgements again",
    });
  }

  start(): void {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  get isOpen(): boolean {
    return this.#mark !== undefined;
  }

  /**
   * Reads this instance's mark. A new instance's is the present end of the log, so nothing may be
   * committed before.
   *
   * @throws PaymentError STORE_NOT_REACHED.
   */
  async open(): Promise<void> {
    const { position, isNew } = await this.#store.open();
    if (this.isOpen) return;
    this.#mark = position;
    this.#isBehind = !isNew;
  }

  /** Before an outcome is committed: the mark does not pass it until it is known how that ended. */
  expect(): Ticket {
    return this.#pending.expect();
  }

  /** They are in the database, written by this relay or another one. */
  committed(committed: readonly Committed[]): void {
    const acknowledgements = this.#pending.committed(committed);
    if (acknowledgements.length > 0) this.#lanes.acknowledge(acknowledgements);
    if (this.#pending.forgetBeyond()) this.#isBehind = true;
  }

  /** The processor has written them down. */
  confirmed(acknowledgements: readonly Acknowledgement[]): void {
    this.#pending.confirmed(acknowledgements);
  }

  async #run(): Promise<void> {
    const { clock } = this.#around;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#round();
        this.#outage.succeeded();
      } catch (error) {
        if (!signal.aborted) this.#outage.failed(error);
      }
    }
  }

  async #round(): Promise<void> {
    if (!this.isOpen) await this.open();
    if (this.#isBehind) await this.#readOwn();
    await this.#readLeftBehind();
    if (this.#pending.lastTicket === this.#markedTicket && this.#isKnownAlive()) return;
    // First the position, then the ticket: what was committed up to there has one by then.
    const position = (await this.#store.settled()) - 1n;
    const ticket = this.#pending.lastTicket;
    if (!(await this.#done(ticket))) return;
    await this.#write(position);
    this.#markedTicket = ticket;
  }

  #isKnownAlive(): boolean {
    return this.#around.clock.monotonicMs() - this.#wroteAtMs < ALIVE_MS;
  }

  /** What a run before this one may not have acknowledged, or what memory had no room for. */
  async #readOwn(): Promise<void> {
    this.#isBehind = false;
    await this.#readFrom(this.#mark ?? 0n, (position) => this.#write(position));
  }

  async #readLeftBehind(): Promise<void> {
    const nowMs = this.#around.clock.monotonicMs();
    if (nowMs - this.#lookedForLeftAtMs < LEFT_BEHIND_MS) return;
    this.#lookedForLeftAtMs = nowMs;
    const left = await this.#store.leftBehind();
    if (left === undefined) return;
    if (await this.#readFrom(left.position)) await this.#store.forget(left);
  }

  /**
   * Acknowledges once more what the log has behind a position, page by page.
   *
   * @returns whether all of it is confirmed.
   */
  async #readFrom(start: bigint, onDone?: (position: bigint) => Promise<void>): Promise<boolean> {
    let position = start;
    for (;;) {
      const page = await this.#store.page(position);
      this.committed(page.results.map((result) => ({ ticket: this.expect(), result })));
      if (!(await this.#done(this.#pending.lastTicket))) return false;
      position = page.upTo;
      await onDone?.(position);
      if (page.isLast) return true;
    }
  }

  /** @returns false when there was too much to keep: then only the log knows what is missing. */
  async #done(ticket: Ticket): Promise<boolean> {
    const { clock } = this.#around;
    while (!this.#pending.isDone(ticket)) {
      this.#lanes.repeatAcknowledgements();
      this.#tellUnconfirmed();
      if (!this.#isKnownAlive() && this.#mark !== undefined) await this.#write(this.#mark);
      await clock.sleep(LOOK_MS, this.#stopping.signal);
    }
    this.#tellUnconfirmed();
    return !this.#isBehind;
  }

  /** Also a sign that the instance lives. */
  async #write(position: bigint): Promise<void> {
    await this.#store.mark(position);
    this.#mark = position;
    this.#wroteAtMs = this.#around.clock.monotonicMs();
  }

  #tellUnconfirmed(): void {
    const nowMs = this.#around.clock.monotonicMs();
    this.#openSinceMs = this.#lanes.isOpen ? (this.#openSinceMs ?? nowMs) : undefined;
    const waitedMs = nowMs - (this.#pending.waitingSinceMs ?? nowMs);
    const openMs = nowMs - (this.#openSinceMs ?? nowMs);
    if (Math.min(waitedMs, openMs) < TOLD_AFTER_MS) this.#unconfirmed.succeeded();
    else this.#unconfirmed.failed(undefined, { count: this.#pending.count });
  }
}
