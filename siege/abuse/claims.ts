import type { Client } from "@connectrpc/connect";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { DeviceState, type RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { type BesiegedMesh, INSIDER_KEY } from "../besieged-mesh.ts";
import { Neighbour } from "./neighbour.ts";
import {
  OTHERS_MS_MAX,
  receiptsInWords,
  type Turn,
  unfairReceipts,
  unfairWatches,
  type Wait,
  watchesInWords,
} from "./share-verdict.ts";
import type { SpoilsSent } from "./spoils.ts";

/** By then the attacker has taken what it can get. */
const UNDER_WAY_MS = 1_500;
/** Receipts at once before anything is measured. */
const WARM_UP = 20;
/** Whoever waits longer has waited in vain. */
const PATIENCE_MS = 5 * OTHERS_MS_MAX;

/** What others want of what an attacker takes. */
export interface Claim {
  /** Record numbers of the payments that the next round is about. */
  subjects(): Promise<readonly string[]>;
  /** Others ask for theirs, with and without the attack. */
  meanwhile(turn: Turn): Promise<void>;
  /** What the attacker got in one round. */
  hear(spoils: SpoilsSent): void;
  verdict(): { readonly unfair: readonly string[]; readonly told: string };
}

/** Whoever else is there, and the claims of attacks on what others want as well. */
export class Claims implements AsyncDisposable {
  readonly #besieged: BesiegedMesh;
  readonly #neighbour: Neighbour;

  /** Makes both terminals known: the one in bad hands, and the one that suffers. */
  static async open(besieged: BesiegedMesh): Promise<Claims> {
    const { keys, mesh } = besieged;
    const { terminalId, merchantId } = INSIDER_KEY;
    const { certificate } = keys.anotherTerminal(terminalId, merchantId);
    const currencies = [currencyFromLetters("EUR")];
    const terminals = [{ certificate, currencies, state: DeviceState.ACTIVE }];
    await mesh.clients.relayRegistry.registerTerminals({ terminals });
    const neighbour = await Neighbour.open(besieged);
    // Code that has run is compiled, and connections to the database stay: no attack made them.
    await Promise.all(
      Array.from({ length: WARM_UP }, async () => neighbour.askReceipt(await neighbour.pay())),
    );
    return new Claims(besieged, neighbour);
  }

  private constructor(besieged: BesiegedMesh, neighbour: Neighbour) {
    this.#besieged = besieged;
    this.#neighbour = neighbour;
  }

  /** Undefined for an attack that takes nothing but memory and time. */
  of(attack: string): Claim | undefined {
    const parts = { besieged: this.#besieged, neighbour: this.#neighbour };
    switch (attack) {
      case "receipts of one payment":
        return new ReceiptClaim({ ...parts, payments: 1 });
      case "receipts of many payments":
        return new ReceiptClaim({ ...parts, payments: 500 });
      case "watches":
        return new WatchClaim(parts);
      default:
        return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#neighbour[Symbol.asyncDispose]();
  }
}

interface ClaimParts {
  readonly besieged: BesiegedMesh;
  readonly neighbour: Neighbour;
}

/** One receipt of another merchant in each round. */
class ReceiptClaim implements Claim {
  readonly #parts: ClaimParts & { readonly payments: number };
  readonly #spoils: SpoilsSent[] = [];
  readonly #others: Wait[] = [];
  #only: readonly string[] | undefined;

  /** @param parts.payments how many the attack is about, at most. */
  constructor(parts: ClaimParts & { readonly payments: number }) {
    this.#parts = parts;
  }

  async subjects(): Promise<readonly string[]> {
    const { besieged, payments: pageSize } = this.#parts;
    if (this.#only !== undefined) return this.#only;
    const { merchantId } = INSIDER_KEY;
    const asked = { merchantId, pageSize, state: PaymentState.APPROVED };
    const { payments } = await besieged.mesh.clients.relay.listPayments(asked);
    const numbers = payments.map(({ recordNumber }) => recordNumber);
    // One payment is the same one in all rounds.
    if (pageSize === 1) this.#only = numbers;
    return numbers;
  }

  async meanwhile(turn: Turn): Promise<void> {
    const { neighbour } = this.#parts;
    await clock.sleep(UNDER_WAY_MS);
    const receipt = async () => neighbour.askReceipt(await neighbour.pay());
    this.#others.push(await waited(turn, "payment and receipt of another merchant", receipt));
  }

  hear(spoils: SpoilsSent): void {
    this.#spoils.push(spoils);
  }

  verdict() {
    const shares = { spoils: this.#spoils, others: this.#others };
    return { unfair: unfairReceipts(shares), told: receiptsInWords(shares) };
  }
}

/** Another merchant's terminal and the operator watch, and see a payment. */
class WatchClaim implements Claim {
  readonly #parts: ClaimParts;
  readonly #spoils: SpoilsSent[] = [];
  readonly #others: Wait[] = [];

  constructor(parts: ClaimParts) {
    this.#parts = parts;
  }

  async subjects(): Promise<readonly string[]> {
    return [];
  }

  async meanwhile(turn: Turn): Promise<void> {
    const { besieged, neighbour } = this.#parts;
    await clock.sleep(UNDER_WAY_MS);
    const watchers = [
      { name: "another merchant", relay: neighbour.relay },
      { name: "the operator", relay: besieged.mesh.clients.relay },
    ];
    const paid = Promise.withResolvers<string>();
    const watching = watchers.map(({ name, relay }) =>
      this.#watch(turn, name, relay, paid.promise),
    );
    await Promise.all(watching.map(({ isOpen }) => isOpen));
    const paying = waited(turn, "a payment of another merchant", async () => {
      paid.resolve(await neighbour.pay());
    });
    this.#others.push(await paying);
    paid.resolve(""); // Of a payment that failed nothing is seen, and it stands there already.
    await Promise.all(watching.map(({ isOver }) => isOver));
  }

  hear(spoils: SpoilsSent): void {
    this.#spoils.push(spoils);
  }

  verdict() {
    const shares = { spoils: this.#spoils, others: this.#others };
    return { unfair: unfairWatches(shares), told: watchesInWords(shares) };
  }

  /** Until the payment is seen. */
  #watch(turn: Turn, name: string, relay: Client<typeof RelayService>, paid: Promise<string>) {
    const enough = new AbortController();
    const seen = new SeenPayments();
    const opened = Promise.withResolvers<void>();
    const read = async () => {
      const { signal } = enough;
      for await (const { payment } of relay.watchPayments({ fromNow: true }, { signal })) {
        opened.resolve();
        if (payment !== undefined) seen.add(payment.recordNumber);
      }
    };
    read().catch(opened.reject);
    const isOpen = waited(turn, `a watch of ${name}`, () => opened.promise).then((wait) => {
      this.#others.push(wait);
    });
    const look = async () => {
      await isOpen;
      const recordNumber = await paid;
      const what = `the payment in the watch of ${name}`;
      this.#others.push(await waited(turn, what, () => seen.has(recordNumber)));
      enough.abort();
    };
    return { isOpen, isOver: look() };
  }
}

/** What a watch has brought, whether or not somebody waits for it already. */
class SeenPayments {
  readonly #byNumber = new Map<string, PromiseWithResolvers<void>>();

  add(recordNumber: string): void {
    this.#of(recordNumber).resolve();
  }

  async has(recordNumber: string): Promise<void> {
    await this.#of(recordNumber).promise;
  }

  #of(recordNumber: string): PromiseWithResolvers<void> {
    const known = this.#byNumber.get(recordNumber) ?? Promise.withResolvers<void>();
    this.#byNumber.set(recordNumber, known);
    return known;
  }
}

async function waited(turn: Turn, what: string, work: () => Promise<void>): Promise<Wait> {
  const startMs = clock.monotonicMs();
  const late = Promise.withResolvers<never>();
  using _patience = clock.timer(PATIENCE_MS, () => late.reject(new Error("it did not come")));
  const refused = await Promise.race([work(), late.promise]).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  return { turn, what, tookMs: clock.monotonicMs() - startMs, refused };
}
