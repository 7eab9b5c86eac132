import { Certainty } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { CardRead } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { PaymentReport } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { Pin } from "../../payment/card.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PaymentError } from "../../payment/errors.ts";
import { newPaymentId, type PaymentId } from "../../payment/identifiers.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { needsPin } from "../../payment/verification-rule.ts";
import { seededRandom } from "../../sealing/seeded-random.ts";
import { type PaymentRequest, saleOf } from "../../terminal-client/payment-request.ts";
import type { PayEvent, PinSource, Till } from "../../terminal-client/till.ts";
import type { Observations } from "./observations.ts";
import { readerName, terminalName } from "./program-names.ts";
import type { SimulatedMesh } from "./simulated-mesh.ts";

const EUR = currencyFromLetters("EUR");
const PAYMENTS = 2;
const ATTEMPTS_MAX = 60;
const CARDS = [
  "visa",
  "visa",
  "mastercard",
  "visa_debit",
  "charge_declined",
  "charge_declined_insufficient_funds",
];

/** A cashier with customers: one payment after the other, each asked for until it is final. */
export class TillScript {
  readonly #mesh: SimulatedMesh;
  readonly #lane: number;
  readonly #seen: Observations;
  isOver = false;

  constructor(mesh: SimulatedMesh, lane: number, seen: Observations) {
    this.#mesh = mesh;
    this.#lane = lane;
    this.#seen = seen;
  }

  async run(): Promise<void> {
    const { world } = this.#mesh;
    const random = seededRandom(`${world.seed} till ${this.#lane}`);
    for (let number = 1; number <= PAYMENTS; number += 1) {
      await this.#pass(world.dice.between(50, 3_000));
      const paymentId = newPaymentId(world.startMs + world.timeline.elapsedMs, random.bytes(10));
      const amountMinor = BigInt(1_000 + this.#lane * 100 + number);
      await this.#takePayment({ ...saleOf(amountMinor, EUR), paymentId });
    }
    this.isOver = true;
  }

  async #takePayment(request: PaymentRequest & { readonly paymentId: PaymentId }): Promise<void> {
    const { dice } = this.#mesh.world;
    this.#seen.asked.set(request.paymentId, request.amounts.totalMinor);
    const customer = new Customer(this.#mesh, this.#lane);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const report = await this.#ask(request, customer);
      if (report === "clock wrong") return customer.leave();
      if (report?.certainty === Certainty.FINAL) break;
      await this.#pass(dice.between(200, 4_000));
    }
    // A till that forgot the answer, or a cashier who pressed twice.
    if (dice.chance(0.3)) await this.#ask(request, customer);
    if (dice.chance(0.3)) await this.#askForMore(request, customer);
    customer.leave();
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
      if (report !== undefined) {
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

/** Presents a card when the reader asks for one, types a PIN, and now and then walks away. */
class Customer implements Till {
  readonly #mesh: SimulatedMesh;
  readonly #lane: number;
  readonly #card: string;
  readonly #isPinWrong: boolean;
  readonly #cancel = new AbortController();

  constructor(mesh: SimulatedMesh, lane: number) {
    const { dice, timeline } = mesh.world;
    this.#mesh = mesh;
    this.#lane = lane;
    this.#card = dice.pick(CARDS);
    this.#isPinWrong = dice.chance(0.1);
    if (dice.chance(0.1)) timeline.after(dice.between(100, 2_000), () => this.#cancel.abort());
  }

  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  onEvent(event: PayEvent): void {
    if (event.case === "prepared") this.#atReader((device) => device.presentCard(this.#card, 0));
  }

  leave(): void {
    this.#atReader((device) => device.removeCard());
  }

  async confirm({ verification }: CardRead): Promise<PinSource> {
    const { timeline, dice } = this.#mesh.world;
    await new Promise<void>((resolve) => void timeline.after(dice.between(20, 600), resolve));
    if (!needsPin(verification)) return { kind: "none" };
    return { kind: "pin", pin: Pin.parse(this.#isPinWrong ? "9999" : "1234") };
  }

  #atReader(act: (device: ReaderHands) => Promise<unknown>): void {
    const { timeline, dice } = this.#mesh.world;
    timeline.after(dice.between(20, 400), () => {
      const running = this.#mesh.find(readerName(this.#lane));
      const device = running?.device;
      if (running === undefined || device === undefined) return;
      // A reader that wants no card any more says so, and that is all.
      running.life.deliver(() => void act(device).catch(() => undefined));
    });
  }
}

interface ReaderHands {
  presentCard(card: string, entryMode: number): Promise<unknown>;
  removeCard(): Promise<unknown>;
}
