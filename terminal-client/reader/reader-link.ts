import type {
  ReaderMessage,
  SessionRequest,
  SessionResponse,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { Timer } from "../../mesh/clock.ts";
import { BackOff } from "../../mesh/retry/back-off.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { PaymentError } from "../../payment/errors.ts";
import { jitterFrom } from "../../sealing/random.ts";
import {
  type ReaderPeer,
  ReaderSession,
  type ReaderSessionOptions,
  type TerminalSays,
} from "./reader-session.ts";

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;
/** What a reader says in a whole payment is fewer; of 8 KiB each at most. */
const UNHEARD_MAX = 64;

/** Keeps a session with the reader open, and gives it to one conversation at a time. */
export class ReaderLink implements Disposable {
  readonly #openStream: () => FrameStream<SessionRequest, SessionResponse>;
  readonly #options: ReaderSessionOptions;
  readonly #onChange: () => void;
  #session: ReaderSession | undefined;
  #peer: ReaderPeer | undefined;
  #conversation: ReaderConversation | undefined;
  #isDraining = false;
  #isClosed = false;
  readonly #backOff: BackOff;
  #retryTimer: Timer | undefined;

  /**
   * @param openStream to the reader: `() => channel.openStream(ReaderService.method.session)`.
   * @param onChange called after `peer` has changed.
   */
  constructor(
    openStream: () => FrameStream<SessionRequest, SessionResponse>,
    options: ReaderSessionOptions,
    onChange: () => void,
  ) {
    this.#openStream = openStream;
    this.#options = options;
    this.#onChange = onChange;
    const jitter = jitterFrom(options.random);
    this.#backOff = new BackOff({ msMin: RETRY_MS_MIN, msMax: RETRY_MS_MAX, jitter });
    this.#open();
  }

  /** The authenticated reader; undefined while there is no session. */
  get peer(): ReaderPeer | undefined {
    return this.#peer;
  }

  get isBusy(): boolean {
    return this.#conversation !== undefined;
  }

  /** READER_BUSY while `converse` would throw it. */
  get obstacle(): PaymentError | undefined {
    if (this.#peer === undefined) return new PaymentError("READER_BUSY", "no reader is connected");
    if (!this.isBusy) return undefined;
    return new PaymentError("READER_BUSY", "the reader serves another payment");
  }

  /** Passes a newer manifest on. */
  offerManifest(): void {
    const newest = this.#options.manifest.newest;
    if (newest === undefined) return;
    this.#session?.send({ case: "manifest", value: newest.delegated });
  }

  /** @throws PaymentError READER_BUSY when no reader is there, or it serves another payment. */
  converse(): ReaderConversation {
    const { obstacle } = this;
    if (obstacle !== undefined) throw obstacle;
    const session = this.#session;
    const peer = this.#peer;
    if (session === undefined || peer === undefined)
      throw new Error("bug: no session to talk over");
    const conversation = new ReaderConversation(session, peer, () => this.#release(conversation));
    this.#conversation = conversation;
    return conversation;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#retryTimer?.cancel();
    this.#session?.close();
  }

  #open(): void {
    if (this.#isClosed) return;
    this.#session = new ReaderSession(this.#openStream(), this.#options, {
      onOpen: (peer) => this.#opened(peer),
      onMessage: (message) => this.#receive(message),
      onDrain: () => this.#drain(),
      onOver: () => this.#over(),
    });
  }

  #opened(peer: ReaderPeer): void {
    this.#peer = peer;
    this.#backOff.reset();
    this.#onChange();
  }

  #receive(readerMessage: ReaderMessage): void {
    const { message } = readerMessage;
    // A manifest that it refused while its clock was wrong it may take now, for the next payment.
    if (message.case === "fault" && message.value.code === "KEY_NOT_VALID") this.offerManifest();
    if (this.#conversation?.receive(readerMessage) !== false) return;
    this.#options.log.warn("the reader says more than the terminal can hear");
    this.#session?.close();
  }

  #drain(): void {
    this.#isDraining = true;
    if (this.#conversation === undefined) this.#session?.close();
  }

  #release(conversation: ReaderConversation): void {
    if (this.#conversation !== conversation) return;
    this.#conversation = undefined;
    if (this.#isDraining) this.#session?.close();
  }

  #over(): void {
    this.#session = undefined;
    this.#peer = undefined;
    this.#isDraining = false;
    this.#conversation?.cut();
    if (this.#isClosed) return;
    this.#onChange();
    const { clock } = this.#options;
    this.#retryTimer = clock.timer(this.#backOff.nextMs(), () => this.#open());
  }
}

/** What is said between terminal and reader about one payment. Dispose it to free the reader. */
export class ReaderConversation implements Disposable {
  readonly peer: ReaderPeer;
  readonly #session: ReaderSession;
  readonly #release: () => void;
  readonly #arrived: ReaderMessage[] = [];
  #isCut = false;
  #wake: (() => void) | undefined;

  constructor(session: ReaderSession, peer: ReaderPeer, release: () => void) {
    this.#session = session;
    this.peer = peer;
    this.#release = release;
  }

  send(message: TerminalSays, traceparent: string): void {
    this.#session.send(message, traceparent);
  }

  /**
   * The reader's next message.
   *
   * @throws PaymentError STREAM_CUT when the session was lost, or `cut` was called.
   */
  async next(): Promise<ReaderMessage> {
    for (;;) {
      const message = this.#arrived.shift();
      if (message !== undefined) return message;
      if (this.#isCut) throw new PaymentError("STREAM_CUT", "the session with the reader was lost");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  /** @returns false when too much waits already to be heard; the message is not kept then. */
  receive(message: ReaderMessage): boolean {
    if (this.#arrived.length >= UNHEARD_MAX) return false;
    this.#arrived.push(message);
    this.#wake?.();
    return true;
  }

  /** Whether nothing can be said or heard any more. */
  get isCut(): boolean {
    return this.#isCut;
  }

  cut(): void {
    this.#isCut = true;
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.#release();
  }
}
