import { medianOf } from "../load/quantiles.ts";
import type { Tpcb } from "./tpcb-driver.ts";

const CLIENTS = [4, 8, 16];

/** TPC-B rounds between the runs of something else, with the clients that did best at first. */
export class TpcbRounds {
  readonly #tpcb: Tpcb;
  readonly #durationMs: number;
  readonly #perSecond: number[] = [];
  #clients = 0;

  constructor(tpcb: Tpcb, durationMs: number) {
    this.#tpcb = tpcb;
    this.#durationMs = durationMs;
  }

  get clients(): number {
    return this.#clients;
  }

  /** Transactions per second, the median of all rounds. */
  get perSecond(): number {
    return medianOf(this.#perSecond);
  }

  async round(): Promise<void> {
    if (this.#clients === 0) await this.#findClients();
    else this.#perSecond.push(await this.#run(this.#clients));
  }

  /** The first round: whoever is best is what counts of it. */
  async #findClients(): Promise<void> {
    let best = 0;
    for (const clients of CLIENTS) {
      const perSecond = await this.#run(clients);
      if (perSecond <= best) continue;
      best = perSecond;
      this.#clients = clients;
    }
    this.#perSecond.push(best);
  }

  async #run(clients: number): Promise<number> {
    const { perSecond } = await this.#tpcb.run(clients, this.#durationMs);
    return perSecond;
  }
}
