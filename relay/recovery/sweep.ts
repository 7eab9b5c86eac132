import type { Timer } from "../../mesh/clock.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { REVERSAL_REASONS } from "../../payment/iso8583.ts";
import type { Forwarder } from "../forwarding/forwarder.ts";
import type { RecordStore } from "../records/record-store.ts";
import type { StoredRecord } from "../records/relay-record.ts";
import type { Waiting } from "../records/waiting.ts";
import { CLAIMS_MAX, type RecoveryStore } from "./recovery-store.ts";
import type { Resumer } from "./resumer.ts";
import type { Reversals } from "./reversals.ts";

/** How often the relay looks for what is due. */
const SWEEP_MS = 500;
/** Records that are looked up at once for those who wait. */
const LOOKUPS_MAX = 1_000;

interface SweepOptions extends Pick<Surroundings, "clock" | "log"> {
  readonly recovery: RecoveryStore;
  readonly records: RecordStore;
  readonly forwarder: Forwarder;
  readonly reversals: Reversals;
  readonly resumer: Resumer;
  readonly waiting: Waiting;
  /** From 0 up to 1. */
  readonly jitter: () => number;
}

/**
 * Makes every record final in bounded time, with nobody's help: repeats what got no answer,
 * reverses what is past its deadline, and goes on with what a run before this one left behind.
 */
export class Sweep implements AsyncDisposable {
  readonly #options: SweepOptions;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #onDatabase: (isReached: boolean) => void = () => undefined;
  #isStopped = false;
  readonly #outage: Outage;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log, {
      begins: "looking for what is due failed",
      ends: "what is due is looked for again",
    });
  }

  /**
   * First what this instance left open when it ended, then every half second what is due.
   *
   * @param onDatabase is told after each look whether the database answered.
   */
  start(onDatabase: (isReached: boolean) => void): void {
    this.#onDatabase = onDatabase;
    this.#running = this.#guarded(() => this.#resume());
    this.#plan();
  }

  /** Reversals need not wait out their back-off when a processor can be reached again. */
  processorReached(): void {
    this.#running = this.#running.then(() => this.#guarded(() => this.#repeatReversals()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #plan(): void {
    this.#timer = this.#options.clock.timer(SWEEP_MS, () => {
      this.#running = this.#running
        .then(() => this.#guarded(() => this.#sweep()))
        .then(() => {
          if (!this.#isStopped) this.#plan();
        });
    });
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    if (this.#isStopped) return;
    try {
      await work();
      this.#outage.succeeded();
    } catch (error) {
      this.#outage.failed(error);
    }
    this.#onDatabase(!this.#outage.isOn);
  }

  async #sweep(): Promise<void> {
    try {
      await this.#claim("due");
      await this.#claim("misdated");
      await this.#giveUpLate();
    } finally {
      // Last: a machine that slept has not counted the time meanwhile, its database has. It may be
      // away: what is on its way is repeated all the same.
      this.#options.forwarder.repeatStale();
    }
    await this.#lookUpWaiting();
  }

  async #claim(which: "due" | "misdated"): Promise<void> {
    const { recovery, clock } = this.#options;
    let claimed: readonly StoredRecord[];
    do {
      const askedAtMs = clock.monotonicMs();
      claimed = await recovery.claim(which, this.#spread());
      await this.#goOn(claimed, askedAtMs);
    } while (claimed.length === CLAIMS_MAX);
  }

  /**
   * What this process sent it times itself, whatever the database's clock says of it. Where it was
   * claimed by somebody else, or is final, nothing changes.
   */
  async #giveUpLate(): Promise<void> {
    const { forwarder, reversals } = this.#options;
    const late = forwarder.dropLate().map(({ record }) => record);
    await reversals.begin(late, REVERSAL_REASONS.TIMEOUT);
  }

  async #resume(): Promise<void> {
    const { recovery, clock } = this.#options;
    let askedAtMs = clock.monotonicMs();
    for await (const records of recovery.claimOwn("open", this.#spread())) {
      await this.#goOn(records, askedAtMs);
      askedAtMs = clock.monotonicMs();
    }
  }

  async #repeatReversals(): Promise<void> {
    const { recovery, reversals } = this.#options;
    const pages = recovery.claimOwn("reversing", this.#spread());
    for await (const records of pages) reversals.send(records, true);
  }

  async #goOn(records: readonly StoredRecord[], askedAtMs: number): Promise<void> {
    const { forwarder, reversals, resumer } = this.#options;
    reversals.send(
      records.filter(({ state }) => state === "REVERSING"),
      true,
    );
    const open = records.filter(({ state }) => state !== "REVERSING");
    const late = open.filter(({ timeLeftMs }) => timeLeftMs <= 0);
    for (const { recordNumber } of late) {
      const flight = forwarder.find(recordNumber);
      if (flight !== undefined) forwarder.drop(flight, "DEADLINE_EXCEEDED");
    }
    await reversals.begin(late, REVERSAL_REASONS.TIMEOUT);
    const inTime = open.filter(({ timeLeftMs }) => timeLeftMs > 0);
    for (const record of inTime) await resumer.resume(record, askedAtMs);
  }

  /** Another instance may have finished what a terminal waits for here. */
  async #lookUpWaiting(): Promise<void> {
    const { waiting, forwarder, records } = this.#options;
    const wanted = waiting.recordNumbers().filter((number) => forwarder.isWaitingLong(number));
    if (wanted.length === 0) return;
    for (const record of await records.findByNumbers(wanted.slice(0, LOOKUPS_MAX))) {
      if (record.state === "RECEIVED" || record.state === "FORWARDED") continue;
      const flight = forwarder.find(record.recordNumber);
      if (flight !== undefined) forwarder.drop(flight, "WRONG_STATE");
      waiting.tell(record);
    }
  }

  #spread(): number {
    return 0.5 + this.#options.jitter();
  }
}
