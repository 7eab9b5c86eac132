import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { FromLoad, LoadPlan, LoadResult, LoadSetup, ToLoad } from "./load-messages.ts";

/** This end of the load generator's process. */
export class LoadGenerator implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #died: Promise<never>;

  /** Resolves when all streams are open. */
  static async start(setup: LoadSetup): Promise<LoadGenerator> {
    const child = fork(join(import.meta.dirname, "load-process.ts"), {
      serialization: "advanced",
    });
    const generator = new LoadGenerator(child);
    await generator.#ask({ kind: "connect", setup });
    return generator;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#died = once(child, "exit").then(() => {
      throw new Error("the load generator ended; what it said stands above");
    });
    this.#died.catch(() => undefined); // Told to whoever asks.
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("bug: a running process has an id");
    return this.#child.pid;
  }

  /**
   * Signs the payments first, then calls `onStart`, then sends them.
   *
   * @param onStart what has to be read when the load begins.
   */
  async run(plan: LoadPlan, onStart: () => Promise<void>): Promise<LoadResult> {
    await this.#ask({ kind: "prepare", plan });
    await onStart();
    const answer = await this.#ask({ kind: "go" });
    if (answer.kind !== "result") throw new Error(`bug: ${answer.kind} instead of a result`);
    return answer.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }

  async #ask(message: ToLoad): Promise<FromLoad> {
    this.#child.send(message);
    const answered = once(this.#child, "message") as Promise<[FromLoad]>;
    const [answer] = await Promise.race([answered, this.#died]);
    return answer;
  }
}
