import type { AuthorizationRequest } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { PaymentError } from "../../payment/errors.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import type { EntryAnswer } from "../payments/entry-answer.ts";
import type { PinClient } from "../pins/pin-client.ts";
import { obstacleOf } from "./acceptance.ts";
import type { AuthorizationDesk } from "./authorization-desk.ts";
import { type IncomingPayment, takeIn } from "./incoming-payment.ts";
import type { PaymentOpener } from "./payment-opener.ts";

/**
 * The run of a payment from its bytes to its answer, in the order of docs/decisions/0011: it is
 * taken in, opened, read about, its PIN is verified, then it is decided. Each payment runs by
 * itself; desk and PIN service collect all that come to them in one turn of the event loop.
 */
export class AuthorizationRun {
  readonly #opener: PaymentOpener;
  readonly #desk: Pick<AuthorizationDesk, "read" | "authorize">;
  readonly #pins: Pick<PinClient, "verify">;
  readonly #around: Pick<Surroundings, "clock" | "log" | "telemetry">;

  constructor(
    opener: PaymentOpener,
    desk: Pick<AuthorizationDesk, "read" | "authorize">,
    pins: Pick<PinClient, "verify">,
    around: Pick<Surroundings, "clock" | "log" | "telemetry">,
  ) {
    this.#opener = opener;
    this.#desk = desk;
    this.#pins = pins;
    this.#around = around;
  }

  /**
   * An answer for each request of a box, in the same order; they are ready at different times.
   *
   * @param relayId of the relay that holds the stream.
   */
  authorize(
    requests: readonly AuthorizationRequest[],
    relayId: string,
  ): readonly Promise<EntryAnswer>[] {
    const taken = requests.map((request) => attempt(() => takeIn(request, relayId, this.#around)));
    const loaded = this.#opener.load(taken.filter(isPayment));
    return taken.map((one) => (isPayment(one) ? this.#run(one, loaded) : Promise.reject(one)));
  }

  async #run(payment: IncomingPayment, loaded: Promise<void>): Promise<EntryAnswer> {
    try {
      await loaded;
      const refusal = this.#late(payment) ?? (await this.#prepare(payment));
      payment.refusal = this.#late(payment) ?? refusal;
      const answer = await this.#desk.authorize(payment);
      payment.span.end(answer.kind === "fault" ? answer.error.code : undefined);
      return answer;
    } catch (error) {
      payment.span.end(error instanceof PaymentError ? error.code : "INTERNAL");
      throw error;
    }
  }

  /**
   * Opens a payment, and asks about its PIN if a right one can help: each question may cost a try.
   *
   * @returns why it cannot be accepted, unless it was before: only the desk knows that.
   */
  async #prepare(payment: IncomingPayment): Promise<PaymentError | undefined> {
    const { clock } = this.#around;
    try {
      const question = this.#opener.open(payment, clock.nowMs());
      if (question === undefined) return undefined;
      const early = await this.#desk.read(payment);
      const obstacle = obstacleOf(payment, early.facts, clock.nowMs());
      if (obstacle !== undefined) return obstacle;
      payment.pin = await this.#pins.verify(question);
      payment.early = early;
      return undefined;
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      if (error instanceof SealedDataRejected) this.#tell(payment, error);
      return error;
    }
  }

  /** The reason helps an attacker, so no answer says it. */
  #tell({ context: { paymentId, merchantId } }: IncomingPayment, error: SealedDataRejected): void {
    const facts = { paymentId, merchantId, reason: error.reasonForSecurityLog() };
    this.#around.log.security("sealed_data_rejected", "sealed card data was refused", facts);
  }

  /** Nobody waits any more, and the relay undoes it. What was decided before is answered still. */
  #late({ overAtMs }: IncomingPayment): PaymentError | undefined {
    if (this.#around.clock.monotonicMs() < overAtMs) return undefined;
    return new PaymentError("DEADLINE_EXCEEDED", "time_left_ms is over");
  }
}

function isPayment(taken: IncomingPayment | PaymentError): taken is IncomingPayment {
  return !(taken instanceof PaymentError);
}

function attempt(run: () => IncomingPayment): IncomingPayment | PaymentError {
  try {
    return run();
  } catch (error) {
    if (error instanceof PaymentError) return error;
    throw error;
  }
}
