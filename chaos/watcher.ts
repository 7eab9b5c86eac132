import { Code, ConnectError } from "@connectrpc/connect";
import { PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { RelayService, type WatchPaymentsResponse } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { dial, type MeshChannel } from "../mesh/client/dial.ts";
import type { Clock } from "../mesh/clock.ts";
import { enumName } from "../payment/enum-name.ts";
import type { StateName } from "../payment/states.ts";
import type { RelayProof } from "./run-tls.ts";

/** One event, as a watcher heard it. */
export interface Heard {
  readonly sequence: bigint;
  readonly recordNumber: string;
  readonly state: StateName;
}

export interface WatchedRun {
  readonly heard: readonly Heard[];
  /** What a relay said when it could not go on from where the watcher was; empty otherwise. */
  readonly gone: string;
  readonly resumed: number;
}

/** Signs of life come every ten seconds. */
const SILENCE_MS_MAX = 25_000;
const AGAIN_MS = 500;

/** Follows all payments at one relay after the other, from where it was, whatever breaks. */
export class Watcher implements Disposable {
  readonly #channels: readonly MeshChannel[];
  readonly #clock: Clock;
  readonly #heard: Heard[] = [];
  #gone = "";
  #resumed = -1;

  /** @param options.relays each "host:port". */
  constructor(options: {
    readonly relays: readonly string[];
    readonly proof: RelayProof | undefined;
    readonly clock: Clock;
  }) {
    const { relays, proof, clock } = options;
    this.#clock = clock;
    this.#channels = relays.map((relay) => {
      return dial({ targets: [relay], services: [RelayService], clock, ...proof });
    });
  }

  get run(): WatchedRun {
    return { heard: this.#heard, gone: this.#gone, resumed: this.#resumed };
  }

  /** Until told to stop, or until a relay says that it cannot go on from there. */
  async watch(stopping: AbortSignal): Promise<void> {
    for (let turn = 0; !stopping.aborted && this.#gone === ""; turn += 1) {
      const channel = this.#channels[turn % this.#channels.length];
      if (channel === undefined) throw new Error("bug: there is no relay to watch");
      this.#resumed += 1;
      await this.#follow(channel, stopping).catch((error: unknown) => this.#note(error));
      await this.#clock.sleep(AGAIN_MS, stopping).catch(() => undefined);
    }
  }

  /** Whether it has heard that event or a later one. */
  hasHeard(sequence: bigint): boolean {
    return (this.#heard.at(-1)?.sequence ?? 0n) >= sequence;
  }

  [Symbol.dispose](): void {
    for (const channel of this.#channels) channel[Symbol.dispose]();
  }

  async #follow(channel: MeshChannel, stopping: AbortSignal): Promise<void> {
    const silent = new AbortController();
    const signal = AbortSignal.any([stopping, silent.signal]);
    const givesUp = () => this.#clock.timer(SILENCE_MS_MAX, () => silent.abort());
    let timer = givesUp();
    try {
      const afterSequence = this.#heard.at(-1)?.sequence ?? 0n;
      const calls = channel.client(RelayService);
      for await (const change of calls.watchPayments({ afterSequence }, { signal })) {
        timer.cancel();
        timer = givesUp();
        this.#hear(change);
      }
    } finally {
      timer.cancel();
    }
  }

  #hear({ sequence, payment, state }: WatchPaymentsResponse): void {
    // A sign of life names no payment.
    if (payment === undefined) return;
    const { recordNumber } = payment;
    this.#heard.push({ sequence, recordNumber, state: enumName(PaymentState, state) as StateName });
  }

  #note(error: unknown): void {
    const { code, message } = ConnectError.from(error);
    if (code === Code.FailedPrecondition) this.#gone = message;
  }
}
