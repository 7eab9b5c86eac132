import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import type { TlsEntrance } from "../wire/exchange.ts";
import type { SpoilsSent } from "./spoils.ts";

export interface AttackOrder {
  readonly name: string;
  readonly address: string;
  readonly tls: TlsEntrance | undefined;
  /** Above 0, up to 1. */
  readonly scale: number;
  /** It says what it has to say and holds on until so long is over. */
  readonly durationMs: number;
  readonly subjects: readonly string[];
  readonly round: number;
}

export interface AttackDone {
  /** Connections that the server had not ended by then. */
  readonly held: number;
  /** Whether there was time to say everything. */
  readonly isAllSaid: boolean;
  readonly spoils: SpoilsSent;
}

/**
 * This end of the attacker's process. It runs at the lowest priority: what is measured is what its
 * bytes cost the mesh, and not that both are on one machine.
 */
export class Attacker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #died: Promise<never>;

  /** Resolves when it is ready: an attack of few seconds shall be one from the beginning. */
  static async start(): Promise<Attacker> {
    const attacker = new Attacker();
    await attacker.#nextMessage();
    return attacker;
  }

  private constructor() {
    this.#child = fork(join(import.meta.dirname, "attacker-process.ts"), {
      serialization: "advanced",
    });
    if (this.#child.pid !== undefined)
      setPriority(this.#child.pid, constants.priority.PRIORITY_LOW);
    this.#died = once(this.#child, "exit").then(() => {
      throw new Error("the attacker ended; what it said stands above");
    });
    this.#died.catch(() => undefined); // Told to whoever asks.
  }

  /** Resolves when the attack is over and all of its connections are closed. */
  async attack(order: AttackOrder): Promise<AttackDone> {
    this.#child.send(order);
    return (await this.#nextMessage()) as AttackDone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }

  async #nextMessage(): Promise<unknown> {
    const [message] = await Promise.race([once(this.#child, "message"), this.#died]);
    return message;
  }
}
