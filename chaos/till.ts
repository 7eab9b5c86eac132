import { DEVELOPMENT_MESH } from "../cli/start/development-keys.ts";
import type { Mesh } from "../cli/start/mesh-processes.ts";
import { Certainty, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentReport } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import { enumName } from "../payment/enum-name.ts";
import { newPaymentId } from "../payment/identifiers.ts";
import type { Random } from "../sealing/random.ts";
import { pay } from "../test/mesh/pay.ts";
import type { Dice } from "./dice.ts";
import type { History, ToldOutcome, TriedPayment } from "./history.ts";

const CARDS = ["visa", "mastercard", "charge_declined", "charge_declined_insufficient_funds"];
/** A repeat by hand, with the same payment id. */
const AGAIN_MS = 1_000;
/** Somebody at the till would give up a screen that shows nothing for so long, and ask again. */
const PATIENCE_MS = 90_000;

export interface TillParts {
  readonly mesh: Mesh;
  readonly history: History;
  readonly dice: Dice;
  readonly random: Random;
  readonly clock: Clock;
}

/** A cashier at the real terminal with the real reader: one payment after the other. */
export class Till {
  readonly #parts: TillParts;

  constructor(parts: TillParts) {
    this.#parts = parts;
  }

  async run(stopping: AbortSignal): Promise<void> {
    const { dice, history, clock, random } = this.#parts;
    while (!stopping.aborted) {
      const totalMinor = BigInt(dice.between(1, 20_000));
      const tried = history.add({
        client: "terminal",
        paymentId: newPaymentId(clock.nowMs(), random.bytes(10)),
        merchantId: DEVELOPMENT_MESH.merchantId,
        totalMinor,
        startedAtMs: clock.nowMs(),
      });
      await this.#finish(tried, dice.pick(CARDS));
    }
  }

  /** With the same id until there is a final word; then once more, which must not charge again. */
  async #finish(tried: TriedPayment, card: string): Promise<void> {
    const { clock, dice } = this.#parts;
    while (tried.told.length === 0) {
      await this.#attempt(tried, card);
      if (tried.told.length === 0) tried.wasUnknown = true;
      await clock.sleep(AGAIN_MS);
    }
    if (dice.happens(0.1)) await this.#attempt(tried, card);
  }

  async #attempt(tried: TriedPayment, card: string): Promise<void> {
    const { mesh, clock } = this.#parts;
    const { paymentId, totalMinor: amountMinor } = tried;
    const hear = (report: PaymentReport | undefined) => this.#hear(tried, report);
    const paying = pay(mesh, {
      paymentId,
      card,
      amountMinor,
      onEvent: (event) => {
        if (event.case === "finished") hear(event.value);
      },
    });
    const waiting = new AbortController();
    const patience = clock.sleep(PATIENCE_MS, waiting.signal);
    // A stream that was cut, a reader that is away: the next attempt finds out.
    await Promise.race([paying, patience]).catch(() => undefined);
    waiting.abort();
    patience.catch(() => undefined);
    paying.catch(() => undefined);
    if (tried.told.length === 0) await this.#ask(paymentId).then(hear, () => undefined);
  }

  async #ask(paymentId: string): Promise<PaymentReport | undefined> {
    return (await this.#parts.mesh.clients.terminal.getTerminalPayment({ paymentId })).report;
  }

  #hear(tried: TriedPayment, report: PaymentReport | undefined): void {
    if (report === undefined || report.certainty !== Certainty.FINAL) return;
    const { recordNumber, result, signedResult } = report;
    tried.told.push({
      atMs: this.#parts.clock.nowMs(),
      outcome: outcomeOf(report),
      recordNumber,
      approvedMinor: result?.approvedAmountMinor ?? 0n,
      ...(signedResult && { signed: signedResult }),
    });
  }
}

function outcomeOf({ state, signedResult }: PaymentReport): ToldOutcome {
  if (signedResult === undefined) return "NOT TAKEN";
  return enumName(PaymentState, state) as ToldOutcome;
}
