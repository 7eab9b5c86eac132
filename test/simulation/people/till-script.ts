import { Certainty, PaymentState } from "../../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentReport } from "../../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { enumName } from "../../../payment/enum-name.ts";
import { PaymentError } from "../../../payment/errors.ts";
import { newPaymentId, type PaymentId } from "../../../payment/identifiers.ts";
import type { Random } from "../../../sealing/random.ts";
import { seededRandom } from "../../../sealing/testing/seeded-random.ts";
import {
  type IdentifiedRequest,
  type PaymentRequest,
  saleOf,
} from "../../../terminal-client/payment-request.ts";
import type { Till } from "../../../terminal-client/till/till.ts";
import type { AskedPayment, Observations } from "../checks/observations.ts";
import { terminalName } from "../program-names.ts";
import type { SimulatedMesh } from "../simulated-mesh.ts";
import { Customer } from "./customer.ts";
import { drawOrder, EUR } from "./draw-order.ts";

const CUSTOMERS = 2;
const ATTEMPTS_MAX = 60;
const WRONG_PIN = "55";
const ABOUT_THE_PIN = [WRONG_PIN, "75"];

/** A cashier with customers: one payment after the other, each asked for until it is final. */
export class TillScript {
  readonly #mesh: SimulatedMesh;
  readonly #lane: number;
  readonly #cards: readonly string[];
  readonly #seen: Observations;
  readonly #random: Random;
  readonly #taken: (AskedPayment & { readonly request: IdentifiedRequest })[] = [];
  isOver = false;

  /** @param cards which customers draw from: few, so that two of them share an account. */
  constructor(mesh: SimulatedMesh, lane: number, cards: readonly string[], seen: Observations) {
    this.#mesh = mesh;
    this.#cards = cards;
    this.#lane = lane;
    this.#seen = seen;
    this.#random = seededRandom(`${mesh.world.seed} till ${lane}`);
  }

  async run(): Promise<void> {
    const { dice } = this.#mesh.world;
    for (let number = 1; number <= CUSTOMERS; number += 1) {
      await this.#pass(dice.between(50, 3_000));
      const amountMinor = BigInt(1_000 + this.#lane * 100 + number);
      const customer = new Customer({ ...this.#place, card: dice.pick(this.#cards) });
      await this.#serve(customer, drawOrder(dice, amountMinor));
      customer.leave();
    }
    // An old list is worked through again: by now little of it is in the terminal's memory.
    for (const { request, card, isPinRight } of this.#taken) {
      if (!dice.chance(0.5)) continue;
      const customer = new Customer({ ...this.#place, card, wrongPins: isPinRight ? 0 : 1 });
      await this.#askUntilFinal(request, customer);
    }
    this.isOver = true;
  }

  get #place() {
    return { mesh: this.#mesh, lane: this.#lane, seen: this.#seen };
  }

  /** Until the customer has paid, or can not; after a wrong PIN as often as they like. */
  async #serve(customer: Customer, order: PaymentRequest): Promise<void> {
    let previousPaymentId: PaymentId | undefined;
    for (;;) {
      const request = { ...order, paymentId: this.#newPaymentId(), previousPaymentId };
      const report = await this.#takePayment(request, customer);
      const code = report?.result?.responseCode ?? "";
      if (customer.isPinRight || !ABOUT_THE_PIN.includes(code)) return;
      // A card that is locked is no repeat; the customer does not believe it.
      previousPaymentId = code === WRONG_PIN ? request.paymentId : undefined;
      customer.thinkAgain();
    }
  }

  #newPaymentId(): PaymentId {
    const { startMs, timeline } = this.#mesh.world;
    return newPaymentId(startMs + timeline.elapsedMs, this.#random.bytes(10));
  }

  /** @returns the end; undefined when it was never told. */
  async #takePayment(
    request: IdentifiedRequest,
    customer: Customer,
  ): Promise<PaymentReport | undefined> {
    const { dice } = this.#mesh.world;
    const { card, isPinRight } = customer;
    const taken = { request, card, isPinRight };
    this.#taken.push(taken);
    this.#seen.asked.set(request.paymentId, taken);
    const report = await this.#askUntilFinal(request, customer);
    // A till that forgot the answer, or a cashier who pressed twice.
    if (dice.chance(0.3)) await this.#ask(request, customer);
    if (dice.chance(0.3)) await this.#askForMore(request, customer);
    return report;
  }

  /** @returns the end; undefined when it was never told. */
  async #askUntilFinal(
    request: IdentifiedRequest,
    customer: Customer,
  ): Promise<PaymentReport | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const report = await this.#ask(request, customer);
      if (report === "clock wrong") return undefined;
      if (report?.certainty === Certainty.FINAL) return report;
      await this.#pass(this.#mesh.world.dice.between(200, 4_000));
    }
    return undefined;
  }

  /**
   * @returns undefined when the terminal crashed, or would not begin; "clock wrong" when it will
   *   not before somebody has set a clock right.
   */
  async #ask(
    request: PaymentRequest,
    customer: Till,
  ): Promise<PaymentReport | "clock wrong" | undefined> {
    const report = await this.#atTerminal(request, customer).catch((error: unknown) => {
      if (!(error instanceof PaymentError)) throw error;
      this.#say(`${request.paymentId}: ${error.code}`);
      return error.code === "CLOCK_WRONG" ? "clock wrong" : undefined;
    });
    if (report === undefined || report === "clock wrong") return report;
    this.#say(
      `${report.paymentId}: ${enumName(Certainty, report.certainty)} state ${report.state}`,
    );
    this.#seen.reports.push(report);
    return report;
  }

  /** The same id for another amount. */
  async #askForMore(request: PaymentRequest, customer: Till): Promise<void> {
    const more = { ...saleOf(request.amounts.totalMinor + 5_000n, EUR) };
    const again = { ...more, paymentId: request.paymentId };
    try {
      const report = await this.#atTerminal(again, customer);
      if (report?.state === PaymentState.APPROVED) {
        this.#seen.violations.push(`${request.paymentId} was taken with two amounts`);
      }
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
    }
  }

  #atTerminal(request: PaymentRequest, till: Till): Promise<PaymentReport | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<PaymentReport | undefined>();
    const running = this.#mesh.find(terminalName(this.#lane));
    const terminal = running?.terminal;
    if (running === undefined || terminal === undefined) return Promise.resolve(undefined);
    const { host } = running.life;
    const crashed = () => resolve(undefined);
    host.onCrash(crashed);
    running.life.deliver(() => void terminal.pay(request, till).then(resolve, reject));
    return promise.finally(() => host.forget(crashed));
  }

  #pass(durationMs: number): Promise<void> {
    const { timeline } = this.#mesh.world;
    return new Promise((resolve) => void timeline.after(durationMs, resolve));
  }

  #say(what: string): void {
    this.#mesh.world.history.add(`till${this.#lane + 1}`, what);
  }
}
