import type { Acknowledgement } from "../../gen/cardlane/processor/v1/processor_pb.ts";

/** A processor that confirms nothing must not fill the memory: the log has them all the same. */
const KEPT_MAX = 20_000;
/** A box that is not confirmed after so long is acknowledged again; a processor takes 200 ms. */
const REPEAT_AFTER_MS = 10_000;

/** Which box on which stream. */
export interface SentBox {
  readonly lane: number;
  readonly stream: number;
  readonly number: bigint;
}

interface Sent {
  readonly box: SentBox;
  readonly acknowledgements: readonly Acknowledgement[];
  readonly sentAtMs: number;
}

/** What was acknowledged, until the processor confirms that it has written it down. */
export class AcknowledgementQueue {
  #waiting: Acknowledgement[] = [];
  /** In the order in which they were sent. */
  readonly #sent = new Map<string, Sent>();
  #sentCount = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(acknowledgements: readonly Acknowledgement[]): void {
    for (const one of acknowledgements) this.#waiting.push(one);
  }

  /** Those that go next. */
  take(count: number): readonly Acknowledgement[] {
    return this.#waiting.splice(0, count);
  }

  /** No stream took them. */
  putBack(acknowledgements: readonly Acknowledgement[]): void {
    this.#waiting = [...acknowledgements, ...this.#waiting];
  }

  sent(box: SentBox, acknowledgements: readonly Acknowledgement[], sentAtMs: number): void {
    if (acknowledgements.length === 0) return;
    this.#sent.set(nameOf(box), { box, acknowledgements, sentAtMs });
    this.#sentCount += acknowledgements.length;
    for (const [name, oldest] of this.#sent) {
      if (this.#sentCount <= KEPT_MAX) break;
      this.#forget(name, oldest);
    }
  }

  /** @returns what the processor has written down; nothing for a box that it confirmed before. */
  confirmed(box: SentBox): readonly Acknowledgement[] {
    const name = nameOf(box);
    const sent = this.#sent.get(name);
    if (sent === undefined) return [];
    this.#forget(name, sent);
    return sent.acknowledgements;
  }

  /** What a stream did not confirm before it ended goes again on another one. */
  streamOver(lane: number, stream: number): void {
    this.#again(({ box }) => box.lane === lane && box.stream === stream);
  }

  /** The same for what has waited too long. */
  repeatOld(nowMs: number): void {
    this.#again(({ sentAtMs }) => sentAtMs + REPEAT_AFTER_MS <= nowMs);
  }

  #again(isMeant: (sent: Sent) => boolean): void {
    const unconfirmed: Acknowledgement[] = [];
    for (const [name, sent] of this.#sent) {
      if (!isMeant(sent)) continue;
      this.#forget(name, sent);
      for (const one of sent.acknowledgements) unconfirmed.push(one);
    }
    this.putBack(unconfirmed);
  }

  #forget(name: string, { acknowledgements }: Sent): void {
    this.#sent.delete(name);
    this.#sentCount -= acknowledgements.length;
  }
}

function nameOf({ lane, stream, number }: SentBox): string {
  return `${lane}/${stream}/${number}`;
}
