import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock, Timer } from "../clock.ts";

/** Every server speaks this often on each of its streams, if only to say that it is there. */
export const SIGN_OF_LIFE_MS = 10_000;

/** Who hears nothing for this many of the other side's intervals calls the line dead. */
const SILENT_INTERVALS_MAX = 2.5;

/**
 * Notices that the other side of a stream says nothing any more. A half-open connection (cable
 * pulled, machine gone) shows in no other way.
 */
export class Silence {
  readonly #clock: Clock;
  readonly #callDead: (silentMs: number) => void;
  #lastHeardMs = 0;
  #isListening = true;
  #timer: Timer | undefined;

  /** @param callDead called once, with how long nothing was heard. */
  constructor(clock: Clock, callDead: (silentMs: number) => void) {
    this.#clock = clock;
    this.#callDead = callDead;
  }

  /** From now on. @param intervalMs how often the other side speaks. */
  start(intervalMs = SIGN_OF_LIFE_MS): void {
    this.stop();
    this.heard();
    this.#plan(intervalMs * SILENT_INTERVALS_MAX);
  }

  heard(): void {
    this.#lastHeardMs = this.#clock.monotonicMs();
  }

  /** While the owner reads nothing, silence is its own doing. */
  listen(isListening: boolean): void {
    this.#isListening = isListening;
    this.heard();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #plan(silentMsMax: number): void {
    if (!this.#isListening) this.heard();
    const dueInMs = this.#lastHeardMs + silentMsMax - this.#clock.monotonicMs();
    this.#timer = this.#clock.timer(dueInMs, () => {
      const silentMs = this.#clock.monotonicMs() - this.#lastHeardMs;
      if (this.#isListening && silentMs >= silentMsMax) this.#callDead(silentMs);
      else this.#plan(silentMsMax);
    });
  }
}

const silentLines = new WeakSet<Error>();

/**
 * What a stream ends with because its line is silent. A client's stream that ends with it takes its
 * connection along, so that the next attempt does not meet the same dead line.
 */
export function silentLine(silentMs: number): ConnectError {
  const message = `nothing heard for ${Math.round(silentMs)} ms`;
  const error = new ConnectError(message, Code.Unavailable);
  silentLines.add(error);
  return error;
}

export function isSilentLine(error: Error | undefined): boolean {
  return error !== undefined && silentLines.has(error);
}

/**
 * Whether a server's stream promises to speak: those of cardlane do. The standard health service
 * says nothing for as long as nothing changes.
 */
export function hasSignsOfLife({ parent }: DescMethod): boolean {
  return parent.typeName.startsWith("cardlane.");
}
