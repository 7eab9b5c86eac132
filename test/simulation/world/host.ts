import { type Clock, sleepOn, type Timer } from "../../../mesh/clock.ts";
import { jitterFrom, type Random } from "../../../sealing/random.ts";
import { seededRandom } from "../../../sealing/testing/seeded-random.ts";
import type { World } from "./world.ts";

/** One program's place: what it runs on from its start to its next crash, and then again. */
export class Host {
  readonly name: string;
  readonly world: World;
  #life = 0;
  #isAlive = false;
  #isGone = false;
  #pausedUntilMs = 0;
  #skewMs = 0;
  #staysWrong = false;
  readonly #onCrash = new Set<() => void>();

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Begins a new life. Whatever belongs to an earlier one never runs again. */
  begin(): Life {
    this.#life += 1;
    this.#isAlive = true;
    this.world.history.add(this.name, `starts, life ${this.#life}`);
    return new Life(this, this.#life);
  }

  /** The program is gone from this moment on, with all that it held in memory. */
  crash(why: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#pausedUntilMs = 0;
    this.world.history.add(this.name, `crashes: ${why}`);
    for (const tell of [...this.#onCrash]) tell();
  }

  /** As `crash`, and nobody starts it again. */
  perish(): void {
    this.crash("for good");
    this.#isGone = true;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** SIGSTOP until then: nothing runs, what arrives waits. */
  pause(durationMs: number): void {
    if (!this.#isAlive) return;
    this.#pausedUntilMs = this.world.timeline.elapsedMs + durationMs;
    this.world.history.add(this.name, `stands still for ${durationMs} ms`);
  }

  /** Its wall clock jumps; nobody puts it right while the run lasts if it `stays` wrong. */
  skew(byMs: number, stays = false): void {
    this.#skewMs = byMs;
    this.#staysWrong = stays;
    this.world.history.add(this.name, `clock is ${byMs} ms off`);
  }

  /** Its clock is right again, unless it stays wrong; what stands still goes on in its time. */
  heal(): void {
    if (!this.#staysWrong) this.#skewMs = 0;
  }

  get skewMs(): number {
    return this.#skewMs;
  }

  onCrash(handler: () => void): void {
    this.#onCrash.add(handler);
  }

  forget(handler: () => void): void {
    this.#onCrash.delete(handler);
  }

  /** Runs something in the life with this number: never if that is over, later while paused. */
  deliver(life: number, run: () => void): void {
    if (!this.#isAlive || this.#life !== life) return;
    const leftMs = this.#pausedUntilMs - this.world.timeline.elapsedMs;
    if (leftMs > 0) this.world.timeline.after(Math.ceil(leftMs), () => this.deliver(life, run));
    else run();
  }

  get life(): number {
    return this.#life;
  }
}

/** What a program is given when it starts; worth nothing any more once the program is dead. */
export class Life implements Clock {
  readonly host: Host;
  readonly number: number;
  readonly random: Random;
  /** From 0 up to 1. */
  readonly jitter: () => number;

  constructor(host: Host, number: number) {
    this.host = host;
    this.number = number;
    this.random = seededRandom(`${host.world.seed} ${host.name} ${number}`);
    this.jitter = jitterFrom(this.random);
  }

  get isOver(): boolean {
    return !this.host.isAlive || this.host.life !== this.number;
  }

  nowMs(): number {
    const { world, skewMs } = this.host;
    return world.startMs + Math.floor(world.timeline.elapsedMs) + skewMs;
  }

  monotonicMs(): number {
    return this.host.world.timeline.elapsedMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, durationMs, signal);
  }

  timer(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    // Like the system's: whole milliseconds, and never none.
    const wholeMs = Math.max(1, Math.ceil(delayMs));
    const planned = this.host.world.timeline.after(wholeMs, () =>
      this.deliver(() => {
        if (!isCancelled) callback();
      }),
    );
    const cancel = () => {
      isCancelled = true;
      planned.cancel();
    };
    return { cancel, [Symbol.dispose]: cancel };
  }

  deliver(run: () => void): void {
    this.host.deliver(this.number, run);
  }
}
