import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type {
  ReaderMessageSchema,
  TerminalMessageSchema,
} from "../gen/cardlane/reader/v1/reader_pb.ts";
import type { Timer } from "../mesh/clock.ts";
import type { FrameStream } from "../mesh/stream/frame-stream.ts";
import { StreamPulse } from "../mesh/stream/stream-pulse.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { PaymentError } from "../payment/errors.ts";
import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";
import type { SaltChannel } from "./channel.ts";

/** A payment with its result is under 2 KiB, a full manifest under 6. */
const PACKET_BYTES_MAX = 8_192;
/** From the stream's beginning to the peer's Hello. */
const HANDSHAKE_MS_MAX = 10_000;
/** Messages that wait to be heard before the stream is read no further; 8 KiB each at most. */
const UNHEARD_MAX = 16;
/** How often each side speaks when it has nothing to say; silence of 2.5 times that is an end. */
const HEARTBEAT_INTERVAL_MS = 10_000;

/** What both sides say has several cases, "hello" among them. */
type MessageDesc = typeof ReaderMessageSchema | typeof TerminalMessageSchema;

type Phase =
  | { readonly name: "HANDSHAKE" | "CLOSED" }
  | { readonly name: "HELLO" | "OPEN"; readonly channel: SaltChannel };

/** What one side of a session is, apart from what it says. */
export interface SessionSide<Sent, Came, Said extends DescMessage, Heard extends MessageDesc> {
  readonly stream: FrameStream<Sent, Came>;
  /** Whom the session is with, for the log. */
  readonly peer: "reader" | "terminal";
  readonly says: Said;
  readonly hears: Heard;
  /** The Salt packet of a frame; undefined for a frame of another kind. */
  readonly packetOf: (frame: Came) => Uint8Array | undefined;
  readonly frameOf: (packet: Uint8Array) => Sent;
  readonly heartbeat: (sentAtMs: bigint) => MessageInitShape<Said>;
  readonly farewell: MessageInitShape<Said>;
  /** How a stream ends whose peer has been silent for so long. */
  readonly silence?: (silentMs: number) => ConnectError;
  /** Every frame until `secure` was called. A throw refuses the session. */
  readonly onHandshake: (frame: Came) => void;
  /** The first message is Hello, and no later one is. A throw refuses the session. */
  readonly onMessage: (message: MessageShape<Heard>) => void | Promise<void>;
  /** Once, whatever ended it. */
  readonly onOver: () => void;
}

/**
 * What reader and terminal have in common of a session: handshake, both Hellos, then messages until
 * one side closes. Packets are opened on arrival, when their time is checked, and heard one after
 * the other. Whatever is wrong looks the same from outside; the reason is for the security log.
 */
export class SaltSession<Sent, Came, Said extends DescMessage, Heard extends MessageDesc> {
  readonly #side: SessionSide<Sent, Came, Said, Heard>;
  readonly #around: Pick<Surroundings, "clock" | "log">;
  readonly #pulse: StreamPulse;
  readonly #handshakeTimer: Timer;
  #phase: Phase = { name: "HANDSHAKE" };
  #lastMessage: Promise<void> = Promise.resolve();
  #unheard = 0;

  constructor(
    side: SessionSide<Sent, Came, Said, Heard>,
    around: Pick<Surroundings, "clock" | "log">,
  ) {
    const { clock } = around;
    const { stream, silence = () => REFUSED } = side;
    this.#side = side;
    this.#around = around;
    this.#pulse = new StreamPulse(
      clock,
      () => this.say(side.heartbeat(BigInt(Math.floor(clock.nowMs())))),
      (silentMs) => this.refuse(new Error("nothing heard"), silence(silentMs)),
    );
    this.#handshakeTimer = clock.timer(HANDSHAKE_MS_MAX, () =>
      this.refuse(new Error("handshake took too long"), silence(HANDSHAKE_MS_MAX)),
    );
    stream.onFrame((frame) => this.#receive(frame));
    stream.onEnd(() => this.#finish());
  }

  /** Whether both Hellos have been said and heard. */
  get isOpen(): boolean {
    return this.#phase.name === "OPEN";
  }

  get isOver(): boolean {
    return this.#phase.name === "CLOSED";
  }

  /** The handshake is done: messages go through the channel from now on, Hello first. */
  secure(channel: SaltChannel): void {
    this.#phase = { name: "HELLO", channel };
  }

  /** The peer's Hello was right. Without effect on a session that is over. */
  open(): void {
    if (this.#phase.name !== "HELLO") return;
    this.#phase = { name: "OPEN", channel: this.#phase.channel };
    this.#handshakeTimer.cancel();
    this.#pulse.start(HEARTBEAT_INTERVAL_MS, HEARTBEAT_INTERVAL_MS);
  }

  /** Without effect before `secure` and after the end. */
  say(message: MessageInitShape<Said>): void {
    if (!("channel" in this.#phase)) return;
    const { says } = this.#side;
    const bytes = toBinary(says, create(says, message));
    const packet = this.#phase.channel.seal(bytes, this.#around.clock.monotonicMs());
    bytes.fill(0); // It may have held a PIN.
    this.sendPacket(packet);
  }

  sendPacket(packet: Uint8Array): void {
    this.send(this.#side.frameOf(packet));
  }

  send(frame: Sent): void {
    this.#pulse.sent();
    this.#side.stream.send(frame);
  }

  /** Ends the session in an orderly way. */
  close(): void {
    if (this.isOpen) this.say(this.#side.farewell);
    this.end();
  }

  /** One answer for everything that is wrong. @param status what the peer hears. */
  refuse(error: unknown, status = REFUSED): void {
    if (this.isOver) return;
    const fields = { field: this.#phase.name, errorName: reasonOf(error) };
    this.#around.log.warn(`${this.#side.peer} session refused`, fields);
    this.#finish(status);
  }

  /** As `close`, without a farewell: the peer has said its own. */
  end(): void {
    this.#finish();
  }

  #finish(status?: ConnectError): void {
    const phase = this.#phase;
    if (phase.name === "CLOSED") return;
    this.#phase = { name: "CLOSED" };
    if ("channel" in phase) phase.channel.close();
    this.#handshakeTimer.cancel();
    this.#pulse.stop();
    this.#side.stream.end(status);
    this.#side.onOver();
  }

  #receive(frame: Came): void {
    const phase = this.#phase;
    if (phase.name === "CLOSED") return;
    this.#pulse.heard();
    try {
      const packet = this.#side.packetOf(frame);
      if (packet !== undefined && packet.length > PACKET_BYTES_MAX) {
        throw new Error("packet too large");
      }
      if (!("channel" in phase)) {
        this.#side.onHandshake(frame);
        return;
      }
      if (packet === undefined) throw new Error("certificate after the handshake");
      const opened = phase.channel.open(packet, this.#around.clock.monotonicMs());
      this.#hearNext(fromBinary(this.#side.hears, opened));
    } catch (error) {
      this.refuse(error);
    }
  }

  /** A message waits for the one before: to store a manifest or a pairing takes a while. */
  #hearNext(message: MessageShape<Heard>): void {
    this.#unheard += 1;
    if (this.#unheard === UNHEARD_MAX) this.#side.stream.pause();
    this.#lastMessage = this.#lastMessage
      .then(() => this.#hear(message))
      .catch((error) => this.refuse(error))
      .then(() => this.#heard());
  }

  #heard(): void {
    this.#unheard -= 1;
    if (this.#unheard === UNHEARD_MAX - 1) this.#side.stream.resume();
  }

  async #hear(message: MessageShape<Heard>): Promise<void> {
    const { name } = this.#phase;
    if (name === "CLOSED") return;
    const isHello = message.message.case === "hello";
    if (name === "HELLO" && !isHello) throw new Error("first message is not Hello");
    if (name === "OPEN" && (isHello || message.message.case === undefined)) {
      throw new Error("unexpected message");
    }
    await this.#side.onMessage(message);
  }
}

const REFUSED = new ConnectError("session refused", Code.Unauthenticated);

function reasonOf(error: unknown): string {
  if (error instanceof SealedDataRejected) return error.reasonForSecurityLog();
  const cause = error instanceof PaymentError ? error.cause : error;
  return cause instanceof Error ? cause.message : "unknown";
}
