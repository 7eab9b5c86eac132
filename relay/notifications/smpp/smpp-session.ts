import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock, Timer } from "../../../mesh/clock.ts";
import { bindBody, type Delivered, deliveredOf } from "./messages.ts";
import { BodyReader, COMMANDS, encodePdu, type Pdu, PduReader, STATUS } from "./pdu.ts";

/** Messages of the centre that are being kept at a time; those after them wait in the network. */
const DELIVERIES_AT_ONCE = 16;

/** Where a centre is, and what it knows this relay by. */
export interface SmppAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly systemId: string;
  readonly password: string;
}

/** How long a centre may take, in milliseconds. */
export interface SmppPatience {
  /** Without an answer for so long the connection counts as lost. */
  readonly answerMsMax: number;
  /** Between two signs of life while nothing else is said. */
  readonly enquiryMs: number;
}

/** The centre said no, or is not there. */
export class SmppError extends Error {
  override readonly name = "SmppError";
  /** command_status; undefined when there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** One bound connection to an SMS centre (SMPP 3.4 transceiver), from bind to its end. */
export class SmppSession {
  /** Resolves when the connection is gone. */
  readonly ended: Promise<void>;
  readonly #onDelivered: (delivered: Delivered) => Promise<void>;
  readonly #patience: SmppPatience;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #reader = new PduReader();
  readonly #waiting = new Map<number, PromiseWithResolvers<Pdu> & { timer: Timer }>();
  readonly #ending = Promise.withResolvers<void>();
  #enquiry: Timer | undefined;
  #lastSequence = 0;
  #deliveries = 0;

  /**
   * Connects and binds.
   *
   * @param onDelivered the centre is told that a message arrived when it resolves; otherwise the
   *   message will come again.
   * @throws SmppError
   */
  static async open(
    address: SmppAddress,
    onDelivered: (delivered: Delivered) => Promise<void>,
    patience: SmppPatience,
    clock: Clock,
  ): Promise<SmppSession> {
    const session = new SmppSession(address, onDelivered, patience, clock);
    const body = bindBody(address.systemId, address.password);
    try {
      await session.request(COMMANDS.bindTransceiver, body);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private constructor(
    { host, port, isTls }: SmppAddress,
    onDelivered: (delivered: Delivered) => Promise<void>,
    patience: SmppPatience,
    clock: Clock,
  ) {
    this.#onDelivered = onDelivered;
    this.#patience = patience;
    this.#clock = clock;
    this.#socket = isTls ? connectTls({ host, port }) : connectPlain({ host, port });
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("drain", () => this.#readOn());
    this.#socket.on("error", () => this.close());
    this.#socket.on("close", () => this.#lost());
    this.ended = this.#ending.promise;
    this.#enquireLater();
  }

  /** The centre's name for the message. @throws SmppError */
  async submit(body: Buffer): Promise<string> {
    return new BodyReader((await this.request(COMMANDS.submitSm, body)).body).text();
  }

  /** @throws SmppError with the status when the answer is not ESME_ROK. */
  async request(command: number, body: Buffer): Promise<Pdu> {
    if (this.#socket.destroyed) throw new SmppError("the SMS centre is not connected");
    this.#lastSequence = (this.#lastSequence % 0x7fffffff) + 1;
    const sequence = this.#lastSequence;
    const timer = this.#clock.timer(this.#patience.answerMsMax, () => this.close());
    const answer = { ...Promise.withResolvers<Pdu>(), timer };
    this.#waiting.set(sequence, answer);
    this.#socket.write(encodePdu({ command, status: STATUS.ok, sequence, body }));
    const response = await answer.promise;
    if (response.status === STATUS.ok) return response;
    const status = `0x${response.status.toString(16).padStart(8, "0")}`;
    throw new SmppError(`the SMS centre answered ${status}`, response.status);
  }

  /** Says good-bye; does not wait long for the answer. */
  async unbind(): Promise<void> {
    await this.request(COMMANDS.unbind, Buffer.alloc(0)).catch(() => undefined);
    this.close();
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      for (const pdu of this.#reader.read(chunk)) this.#take(pdu);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.close();
    }
    if (this.#isBusy) this.#socket.pause();
    this.#enquireLater();
  }

  /**
   * This side does not read a centre that reads no answers, or delivers faster than is kept. Where
   * it stays so, the next enquiry finds no answer and closes the connection.
   */
  get #isBusy(): boolean {
    return this.#socket.writableNeedDrain || this.#deliveries >= DELIVERIES_AT_ONCE;
  }

  #readOn(): void {
    if (!this.#isBusy) this.#socket.resume();
  }

  #take(pdu: Pdu): void {
    const { command, sequence } = pdu;
    if (command === COMMANDS.deliverSm) void this.#deliver(pdu);
    else if (command === COMMANDS.enquireLink) this.#answer(COMMANDS.enquireLinkResp, sequence);
    else if (command === COMMANDS.unbind) this.#endAsAsked(sequence);
    else if (command >= COMMANDS.genericNack) this.#settle(pdu);
    else this.#answer(COMMANDS.genericNack, sequence, STATUS.invalidCommand);
  }

  #endAsAsked(sequence: number): void {
    this.#answer(COMMANDS.unbindResp, sequence);
    this.#socket.end();
  }

  /** A nack has status and sequence like any other answer. */
  #settle(pdu: Pdu): void {
    const { sequence } = pdu;
    const answer = this.#waiting.get(sequence);
    this.#waiting.delete(sequence);
    answer?.timer.cancel();
    answer?.resolve(pdu);
  }

  async #deliver({ sequence, body }: Pdu): Promise<void> {
    this.#deliveries += 1;
    try {
      await this.#onDelivered(deliveredOf(body));
      this.#answer(COMMANDS.deliverSmResp, sequence, STATUS.ok, Buffer.from([0]));
    } catch {
      // Not kept, so not acknowledged: the centre sends it again.
      this.#answer(COMMANDS.deliverSmResp, sequence, STATUS.queueFull, Buffer.from([0]));
    } finally {
      this.#deliveries -= 1;
      this.#readOn();
    }
  }

  #answer(command: number, sequence: number, status: number = STATUS.ok, body?: Buffer): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(encodePdu({ command, status, sequence, body: body ?? Buffer.alloc(0) }));
  }

  #enquireLater(): void {
    this.#enquiry?.cancel();
    if (this.#socket.destroyed) return;
    this.#enquiry = this.#clock.timer(this.#patience.enquiryMs, () => {
      // Silence closes the connection; whatever the centre answers, it lives.
      this.request(COMMANDS.enquireLink, Buffer.alloc(0)).catch(() => undefined);
    });
  }

  #lost(): void {
    this.#enquiry?.cancel();
    for (const { timer, reject } of this.#waiting.values()) {
      timer.cancel();
      reject(new SmppError("the connection to the SMS centre was lost"));
    }
    this.#waiting.clear();
    this.#ending.resolve();
  }
}
