import { setImmediate as nextTurn } from "node:timers/promises";
import type { Timer } from "../../../mesh/clock.ts";

/** After an event everything that it set off gets this many turns of the event loop. */
const TURNS_PER_EVENT = 3;

/**
 * The only time of a simulation, and the only order: what is due runs one after the other, and what
 * an event set off in the event loop is over before the next one begins.
 */
export class Timeline {
  /** 2026-01-01T00:00:00Z. */
  static readonly startMs = 1_767_225_600_000;
  #nowMs = 0;
  #sequence = 0;
  /** A binary heap by time, then by order of planning. */
  readonly #heap: PlannedEvent[] = [];

  /** Milliseconds since the start of the simulation. */
  get elapsedMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    this.#sequence += 1;
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    const event: PlannedEvent = { dueMs, sequence: this.#sequence, run };
    this.#push(event);
    const cancel = () => {
      event.run = undefined;
    };
    return { cancel, [Symbol.dispose]: cancel };
  }

  /** Runs until `isOver`, or `untilMs` is reached. @returns whether it is over. */
  async run(untilMs: number, isOver: () => boolean): Promise<boolean> {
    await this.settle();
    while (!isOver()) {
      const next = this.#heap[0];
      if (next === undefined || next.dueMs > untilMs) {
        this.#nowMs = untilMs;
        return false;
      }
      this.#pop();
      if (next.run === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
      await this.settle();
    }
    return true;
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS_PER_EVENT; turn += 1) await nextTurn();
  }

  #push(event: PlannedEvent): void {
    const heap = this.#heap;
    heap.push(event);
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfEarlier(child, parent)) return;
      child = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      const right = left + 1;
      const child = right < heap.length && this.#isEarlier(right, left) ? right : left;
      if (child >= heap.length || !this.#swapIfEarlier(child, parent)) return;
      parent = child;
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    if (!this.#isEarlier(child, parent)) return false;
    const heap = this.#heap;
    const [one, other] = [heap[child], heap[parent]];
    if (one === undefined || other === undefined) throw new Error("bug: beyond the heap");
    heap[parent] = one;
    heap[child] = other;
    return true;
  }

  #isEarlier(left: number, right: number): boolean {
    const [one, other] = [this.#heap[left], this.#heap[right]];
    if (one === undefined || other === undefined) throw new Error("bug: beyond the heap");
    return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.sequence < other.sequence);
  }
}

interface PlannedEvent {
  readonly dueMs: number;
  readonly sequence: number;
  /** Undefined once it is cancelled. */
  run: (() => void) | undefined;
}
