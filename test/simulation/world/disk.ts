import type { DurableFiles } from "../../../mesh/disk/durable-files.ts";
import { type MemoryFiles, memoryFiles } from "../../../mesh/testing/memory-files.ts";
import type { Life } from "./host.ts";
import type { World } from "./world.ts";

const SYNC_MS_MIN = 0.5;
const SYNC_MS_MAX = 6;
const SLOW_SYNC_CHANCE = 0.1;
const SLOW_SYNC_MS_MAX = 1_500;
const POWER_CUT_MS_MIN = 50;
const POWER_CUT_MS_MAX = 3_000;
/** Older states of a disk that can come back; a payment changes it about four times. */
const BACKUPS_MAX = 24;

/** What a device has on its disk, over all of its lives. */
export class Disk {
  readonly #world: World;
  #files: MemoryFiles = memoryFiles();
  /** What it held before each change, oldest first. */
  readonly #backups: MemoryFiles[] = [];
  /** Whether what its device did was forgotten once. */
  hasForgotten = false;
  /** Changes until the one during which the power goes; 0: it stays. */
  #changesLeft = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** The power goes while the `count`-th change from now is on its way to the disk. */
  cutPowerAt(count: number): void {
    this.#changesLeft = count;
  }

  /** The next life finds what was here `count` changes ago, or nothing if that is further back. */
  restore(count: number): void {
    this.#files = this.#backups.at(-count) ?? memoryFiles();
    this.#backups.length = 0;
    this.hasForgotten = true;
  }

  /** Whether that text is in one of its files: a power cut now would leave it there. */
  holds(text: string): boolean {
    return [...this.#files.contents].some((bytes) => Buffer.from(bytes).includes(text));
  }

  /** For one life: every change takes its time, and is lost when the power goes before. */
  mount(life: Life): DurableFiles {
    this.#files = this.#files.crash();
    const files = this.#files;
    const synced = async (change: () => Promise<void>) => {
      const { dice } = this.#world;
      if (this.#isPowerCut()) await this.#powerCut(life);
      const slowMs = this.#world.strikes(SLOW_SYNC_CHANCE) ? dice.next() * SLOW_SYNC_MS_MAX : 0;
      await life.sleep(slowMs + SYNC_MS_MIN + dice.next() * SYNC_MS_MAX);
      this.#backups.push(files.copy());
      if (this.#backups.length > BACKUPS_MAX) this.#backups.shift();
      await change();
    };
    const write = (name: string, bytes: Uint8Array) => {
      const content = new Uint8Array(bytes);
      return synced(() => files.write(name, content));
    };
    const remove = (name: string) => synced(() => files.remove(name));
    return {
      memory: files.memory,
      write,
      overwrite: write,
      read: (name) => files.read(name),
      list: (prefix) => files.list(prefix),
      remove,
      erase: remove,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #isPowerCut(): boolean {
    if (!this.#world.isFaulty || this.#changesLeft === 0) return false;
    this.#changesLeft -= 1;
    return this.#changesLeft === 0;
  }

  /** Whoever does not wait for the disk can do a lot in this time. Never comes back. */
  async #powerCut(life: Life): Promise<void> {
    const { timeline, dice } = this.#world;
    timeline.after(dice.between(POWER_CUT_MS_MIN, POWER_CUT_MS_MAX), () =>
      life.deliver(() => life.host.crash("power cut while it writes")),
    );
    await new Promise<never>(() => undefined);
  }
}
