import type { Clock } from "../clock.ts";
import { Beat } from "./beat.ts";
import { Silence } from "./silence.ts";

/** The two watches on an open stream: speak when silent for too long, notice when the peer is. */
export class StreamPulse {
  readonly #beat: Beat;
  readonly #silence: Silence;

  constructor(clock: Clock, speak: () => void, callDead: (silentMs: number) => void) {
    this.#beat = new Beat(clock, speak);
    this.#silence = new Silence(clock, callDead);
  }

  /** @param intervalMs own announced interval. @param peerIntervalMs the peer's. */
  start(intervalMs: number, peerIntervalMs: number): void {
    this.#beat.start(intervalMs);
    this.#silence.start(peerIntervalMs);
  }

  stop(): void {
    this.#beat.stop();
    this.#silence.stop();
  }

  sent(): void {
    this.#beat.sent();
  }

  heard(): void {
    this.#silence.heard();
  }

  /** While the owner reads nothing, silence is its own doing. */
  listen(isListening: boolean): void {
    this.#silence.listen(isListening);
  }
}
