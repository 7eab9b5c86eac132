import type { Clock, Timer } from "./clock.ts";

/** A side that hears nothing for this many of the peer's intervals calls the stream dead. */
const SILENT_INTERVALS_MAX = 2.5;

/**
 * The two watches on a stream that is open: speak when silent for too long, and notice when the
 * peer is. A half-open connection (cable pulled, machine gone) shows in no other way.
 */
export class StreamPulse {
  readonly #clock: Clock;
  readonly #speak: () => void;
  readonly #callDead: (silentMs: number) => void;
  #lastSentMs = 0;
  #lastHeardMs = 0;
  #isListening = true;
  #beatTimer: Timer | undefined;
  #deathTimer: Timer | undefined;

  constructor(clock: Clock, speak: () => void, callDead: (silentMs: number) => void) {
    this.#clock = clock;
    this.#speak = speak;
    this.#callDead = callDead;
  }

  /** @param intervalMs own announced interval. @param peerIntervalMs the peer's. */
  start(intervalMs: number, peerIntervalMs: number): void {
    this.heard();
    this.#planBeat(intervalMs);
    this.#planDeath(peerIntervalMs * SILENT_INTERVALS_MAX);
  }

  stop(): void {
    this.#beatTimer?.cancel();
    this.#deathTimer?.cancel();
  }

  sent(): void {
    this.#lastSentMs = this.#clock.monotonicMs();
  }

  heard(): void {
    this.#lastHeardMs = this.#clock.monotonicMs();
  }

  /** While the owner reads nothing, silence is its own doing. */
  listen(isListening: boolean): void {
    this.#isListening = isListening;
    this.heard();
  }

  #planBeat(intervalMs: number): void {
    const dueInMs = this.#lastSentMs + intervalMs - this.#clock.monotonicMs();
    this.#beatTimer = this.#clock.timer(Math.max(dueInMs, 0), () => {
      const silentMs = this.#clock.monotonicMs() - this.#lastSentMs;
      if (silentMs >= intervalMs) {
        this.#speak();
        // Also when there was nothing to speak to any more: one beat per interval, never a spin.
        this.sent();
      }
      this.#planBeat(intervalMs);
    });
  }

  #planDeath(silentMsMax: number): void {
    if (!this.#isListening) this.heard();
    const dueInMs = this.#lastHeardMs + silentMsMax - this.#clock.monotonicMs();
    this.#deathTimer = this.#clock.timer(dueInMs, () => {
      const silentMs = this.#clock.monotonicMs() - this.#lastHeardMs;
      if (this.#isListening && silentMs >= silentMsMax) this.#callDead(silentMs);
      else this.#planDeath(silentMsMax);
    });
  }
}
