import { create } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { SignedEnvelope } from "../gen/cardlane/keys/v1/keys_pb.ts";
import type { CardRead } from "../gen/cardlane/reader/v1/reader_pb.ts";
import {
  type ConfirmPayment,
  type PayRequest,
  type PayResponse,
  PayResponseSchema,
  SignOfLifeSchema,
  type StartPayment,
  TerminalService,
} from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { aboutOpenPayment, toConnectError } from "../mesh/errors-to-wire.ts";
import type { Log } from "../mesh/log.ts";
import { type MeshService, service } from "../mesh/service.ts";
import { Beat } from "../mesh/stream/beat.ts";
import type { FrameStream } from "../mesh/stream/frame-stream.ts";
import { SIGN_OF_LIFE_MS } from "../mesh/stream/silence.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { Pin } from "../payment/card.ts";
import { PaymentError } from "../payment/errors.ts";
import { parsePaymentId } from "../payment/identifiers.ts";
import { parseStartPayment } from "./payment-request.ts";
import type { Terminal } from "./terminal.ts";
import type { PayEvent, PinSource, Till } from "./till/till.ts";

type Around = Pick<Surroundings, "clock" | "log">;

/**
 * What a terminal offers to a till over gRPC; nothing but translation.
 *
 * @param certificate the terminal's, as it was issued.
 */
export function terminalService(
  terminal: Terminal,
  certificate: SignedEnvelope,
  around: Around,
): MeshService {
  return service(TerminalService, {
    pay: (stream) => void new PayStream(stream, terminal, around),
    getTerminalPayment: async ({ paymentId }) => ({
      report: await terminal.getPayment(parsePaymentId(paymentId)),
    }),
    getTerminal: () => ({
      certificate,
      terminal: terminal.certificate.wire,
      readerSerial: terminal.readerSerial ?? "",
      isRelayConnected: terminal.isRelayConnected,
    }),
  });
}

/** One till's `Pay` stream. */
class PayStream implements Till {
  readonly #stream: FrameStream<PayResponse, PayRequest>;
  readonly #terminal: Terminal;
  readonly #log: Log;
  readonly #cancel = new AbortController();
  readonly #onlyListens = new AbortController();
  readonly #beat: Beat;
  #isStarted = false;
  /** As text, of a payment that may be charged; empty until it has an id. */
  #openPaymentId: string | undefined;
  #hasBegun = false;
  #isEnded = false;
  #hasConfirmed = false;
  /** A till may confirm in the same breath as it starts, before it is asked. */
  #earlyConfirm: ConfirmPayment | undefined;
  #asked: PromiseWithResolvers<PinSource> | undefined;
  #card: CardRead | undefined;

  constructor(
    stream: FrameStream<PayResponse, PayRequest>,
    terminal: Terminal,
    { clock, log }: Around,
  ) {
    this.#stream = stream;
    this.#terminal = terminal;
    this.#log = log;
    this.#beat = new Beat(clock, () => this.#live());
    stream.explainEnd((status) => this.#explained(status));
    stream.onFrame(({ step }) => this.#receive(step));
    stream.onEnd(() => this.#heardAll());
    stream.signal.addEventListener("abort", () => this.#cancel.abort());
  }

  get cancelled(): AbortSignal {
    return this.#cancel.signal;
  }

  get onlyListens(): AbortSignal {
    return this.#onlyListens.signal;
  }

  onEvent(event: PayEvent): void {
    if (event.case === "started") {
      this.#hasBegun = true;
      this.#openPaymentId = event.value.paymentId;
    }
    this.#beat.sent();
    this.#stream.send(create(PayResponseSchema, { event }));
  }

  confirm(card: CardRead): Promise<PinSource> {
    const asked = Promise.withResolvers<PinSource>();
    this.#card = card;
    this.#asked = asked;
    const early = this.#earlyConfirm;
    this.#earlyConfirm = undefined;
    if (early !== undefined) this.#confirmed(early);
    else if (this.#isEnded) this.#onlyListens.abort();
    return asked.promise;
  }

  #receive(step: PayRequest["step"]): void {
    switch (step.case) {
      case "start":
        if (this.#isStarted) throw misplaced("start must come once");
        this.#isStarted = true;
        this.#openPaymentId = step.value.paymentId;
        void this.#pay(step.value);
        return;
      case "confirm":
        this.#requireStarted();
        if (this.#asked === undefined) this.#earlyConfirm = step.value;
        else this.#confirmed(step.value);
        return;
      case "cancel":
        this.#requireStarted();
        this.#cancel.abort();
        return;
      default:
        throw misplaced("a request must have a step");
    }
  }

  async #pay(start: StartPayment): Promise<void> {
    // At once, so that the till knows that it may count on them.
    this.#live();
    this.#beat.start();
    try {
      const report = await this.#terminal.pay(parseStartPayment(start), this);
      this.onEvent({ case: "finished", value: report });
      this.#stream.end();
    } catch (error) {
      // Before anything began, what the terminal says of the request stands.
      if (error instanceof PaymentError && !this.#hasBegun) this.#openPaymentId = undefined;
      this.#stream.end(toConnectError(error, this.#log));
    } finally {
      this.#beat.stop();
    }
  }

  /** A fault of the stream's is no end of the payment: its own end is a report. */
  #explained(status: ConnectError): ConnectError {
    const paymentId = this.#openPaymentId;
    return paymentId === undefined ? status : aboutOpenPayment(status, paymentId);
  }

  #live(): void {
    const value = create(SignOfLifeSchema, { intervalMs: SIGN_OF_LIFE_MS });
    this.onEvent({ case: "signOfLife", value });
  }

  #confirmed({ pinSource }: ConfirmPayment): void {
    const asked = this.#asked;
    try {
      asked?.resolve(pinSourceOf(pinSource));
      this.#hasConfirmed = true;
      this.#asked = undefined;
    } catch (error) {
      if (!(error instanceof PaymentError) || this.#card === undefined) throw error;
      // A PIN of the wrong shape goes nowhere: the till is asked again, if it can still answer.
      if (this.#isEnded) this.#onlyListens.abort();
      else this.onEvent({ case: "confirmationNeeded", value: this.#card });
    }
  }

  /** The till says nothing more, so it can not confirm either; it may still listen. */
  #heardAll(): void {
    this.#isEnded = true;
    const hasAnswered = this.#hasConfirmed || this.#earlyConfirm !== undefined;
    if (this.#asked !== undefined || !hasAnswered) this.#onlyListens.abort();
    if (!this.#isStarted) this.#stream.end();
  }

  #requireStarted(): void {
    if (!this.#isStarted) throw misplaced("the first request must be start");
  }
}

function pinSourceOf(source: ConfirmPayment["pinSource"]): PinSource {
  if (source.case === "pin") return { kind: "pin", pin: Pin.parse(source.value) };
  if (source.case === "pinOnReader" && source.value) return { kind: "pin on reader" };
  return { kind: "none" };
}

function misplaced(message: string): PaymentError {
  return new PaymentError("MALFORMED_REQUEST", message, { field: "step" });
}
