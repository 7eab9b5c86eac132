import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import {
  Certainty,
  EntryMode,
  PaymentKind,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { CardRead } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { PaymentReport, PayResponse } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { enumName } from "../../payment/enum-name.ts";
import { newPaymentId } from "../../payment/identifiers.ts";
import { currencyFromLetters } from "../../payment/money.ts";
import { needsPin, TEST_PIN } from "../../payment/test-cards.ts";
import type { Random } from "../../sealing/random.ts";
import { takePayment } from "../../till/take-payment.ts";
import type { Dice } from "../dice.ts";
import type { History, SeenDisplay, ToldOutcome, TriedPayment } from "../history.ts";
import { type PaymentPlan, planPayment, planWithRightPin, WRONG_PIN } from "../payment-plan.ts";

/** A repeat by hand, with the same payment id. */
const AGAIN_MS = 1_000;
/** Somebody at the till would give up a screen that shows nothing for so long, and ask again. */
const PATIENCE_MS = 90_000;
const REPEAT_AT_ONCE_SHARE = 0.1;
/** A till that has lost its own memory, and asks for something old as if it was new. */
const REPEAT_OLD_SHARE = 0.25;

interface TillParts extends Pick<Surroundings, "clock"> {
  readonly mesh: Mesh;
  readonly history: History;
  readonly dice: Dice;
  readonly random: Random;
}

/** A cashier at the real terminal with the real reader: one payment after the other. */
export class Till {
  readonly #parts: TillParts;
  readonly #finished: Asked[] = [];

  constructor(parts: TillParts) {
    this.#parts = parts;
  }

  async run(stopping: AbortSignal): Promise<void> {
    const { dice } = this.#parts;
    while (!stopping.aborted) {
      if (this.#finished.length > 0 && dice.happens(REPEAT_OLD_SHARE)) {
        await this.#attempt(dice.pick(this.#finished));
        continue;
      }
      const asked = await this.#take(planPayment(dice), "");
      if (asked.tried.told[0]?.responseCode !== "55" || stopping.aborted) continue;
      await this.#take(planWithRightPin(asked.tried.plan), asked.tried.paymentId);
    }
  }

  /** With the same id until there is a final word; then once more, which must not charge again. */
  async #take(plan: PaymentPlan, previousPaymentId: string): Promise<Asked> {
    const { clock, dice, random, history } = this.#parts;
    const tried = history.add({
      client: "terminal",
      paymentId: newPaymentId(clock.nowMs(), random.bytes(10)),
      merchantId: DEVELOPMENT_MESH.merchantId,
      plan,
      startedAtMs: clock.nowMs(),
    });
    const asked = { tried, previousPaymentId };
    while (tried.told.length === 0) {
      await this.#attempt(asked);
      if (tried.told.length === 0) tried.wasUnknown = true;
      await clock.sleep(AGAIN_MS);
    }
    this.#finished.push(asked);
    if (dice.happens(REPEAT_AT_ONCE_SHARE)) await this.#attempt(asked);
    return asked;
  }

  async #attempt(asked: Asked): Promise<void> {
    const { clock } = this.#parts;
    const { tried } = asked;
    const paying = this.#pay(asked);
    const waiting = new AbortController();
    const patience = clock.sleep(PATIENCE_MS, waiting.signal);
    // A stream that was cut, a reader that is away: the next attempt finds out.
    await Promise.race([paying, patience]).catch(() => undefined);
    waiting.abort();
    patience.catch(() => undefined);
    paying.catch(() => undefined);
    if (tried.told.length > 0) return;
    const hear = (report: PaymentReport | undefined) => this.#hear(tried, report);
    await this.#ask(tried.paymentId).then(hear, () => undefined);
  }

  async #pay({ tried, previousPaymentId }: Asked): Promise<void> {
    const { mesh, clock } = this.#parts;
    const { plan, paymentId } = tried;
    const seen = new Set<PayResponse["event"]["case"]>();
    const report = await takePayment({
      stream: mesh.clients.openPayment(),
      order: {
        kind: PaymentKind[plan.kind],
        amountMinor: plan.totalMinor,
        currency: currencyFromLetters("EUR"),
        paymentId,
        previousPaymentId,
        acceptPartial: plan.acceptPartial,
      },
      people: {
        see: (event) => {
          seen.add(event.case);
          if (event.case === "recorded") tried.recorded.add(event.value.recordNumber);
        },
        presentCard: async () => {
          const entryMode = EntryMode.UNSPECIFIED;
          await mesh.clients.readerControl.presentCard({ card: plan.card, entryMode });
        },
        confirm: async (card) => confirmationOf(plan, card),
        typePin: async () => undefined,
      },
      interrupted: new AbortController().signal,
      clock,
    });
    // What the reader shows is of this payment only if it took part just now.
    const tookPart = seen.has("prepared") && seen.has("submitted");
    const display = tookPart ? await this.#display() : undefined;
    this.#hear(tried, report, display);
    await mesh.clients.readerControl.removeCard({});
  }

  /** @returns undefined when the reader is away. */
  async #display(): Promise<SeenDisplay | undefined> {
    return await this.#parts.mesh.clients.readerControl.getDisplay({}).then(
      ({ shown, displayLines: lines }) => ({ shown, lines }),
      () => undefined,
    );
  }

  async #ask(paymentId: string): Promise<PaymentReport | undefined> {
    return (await this.#parts.mesh.clients.terminal.getTerminalPayment({ paymentId })).report;
  }

  #hear(tried: TriedPayment, report: PaymentReport | undefined, display?: SeenDisplay): void {
    if (report === undefined || report.certainty !== Certainty.FINAL) return;
    const { recordNumber, result, signedResult, shown } = report;
    tried.told.push({
      atMs: this.#parts.clock.nowMs(),
      outcome: outcomeOf(report),
      recordNumber,
      approvedMinor: result?.approvedAmountMinor ?? 0n,
      responseCode: result?.responseCode ?? "",
      shown,
      ...(signedResult && { signed: signedResult }),
      ...(display && { display }),
    });
  }
}

/** A payment as it has to be asked for again. */
interface Asked {
  readonly tried: TriedPayment;
  /** Empty for a first try. */
  readonly previousPaymentId: string;
}

function confirmationOf({ pin }: PaymentPlan, { verification }: CardRead) {
  if (!needsPin(verification)) return {};
  const value = pin === "wrong" ? WRONG_PIN : TEST_PIN;
  return { pinSource: { case: "pin" as const, value } };
}

function outcomeOf({ state, signedResult }: PaymentReport): ToldOutcome {
  if (signedResult === undefined) return "NOT TAKEN";
  return enumName(PaymentState, state) as ToldOutcome;
}
