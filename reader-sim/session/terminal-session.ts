import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { DelegatedManifest, SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  ReaderMessageSchema,
  type SessionRequest,
  type SessionResponse,
  SessionResponseSchema,
  type TerminalHello,
  type TerminalMessage,
  TerminalMessageSchema,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { Timer } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { StreamPulse } from "../../mesh/stream/stream-pulse.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { SaltChannel } from "../../salt/channel.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type {
  CheckedReaderCertificate,
  CheckedTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import type { ReaderDevice } from "../reader-device.ts";
import type { AttachedTerminal, ReaderSays } from "../steps/device-state.ts";
import { TerminalHandshake, type TerminalHandshakeOptions } from "./terminal-handshake.ts";

/** A payment with its result is under 2 KiB, a full manifest under 6. */
const SALT_BYTES_MAX = 8_192;
/** From M1 to the terminal's Hello. */
const HANDSHAKE_MS_MAX = 10_000;
/** How often each side speaks when it has nothing to say; silence of 2.5 times that is an end. */
const HEARTBEAT_INTERVAL_MS = 10_000;
const FIRMWARE = "cardlane-reader-sim 0.1.0";

export interface TerminalSessionOptions extends TerminalHandshakeOptions {
  readonly device: ReaderDevice;
  readonly log: Log;
  /** The reader's certificate as it was issued, and what it says. */
  readonly envelope: SignedEnvelope;
  readonly certificate: CheckedReaderCertificate;
}

type Phase =
  | { readonly name: "HANDSHAKE"; readonly handshake: TerminalHandshake }
  | ({ readonly name: "HELLO" } & Secured)
  | ({ readonly name: "OPEN"; readonly attached: AttachedTerminal } & Secured)
  | { readonly name: "CLOSED" };

interface Secured {
  readonly channel: SaltChannel;
  readonly terminal: CheckedTerminalCertificate;
}

/**
 * One terminal's session, as the reader sees it. Nothing is obeyed before both Hellos have named
 * both certificates, and whatever is wrong looks the same from outside.
 */
export class TerminalSession {
  readonly #stream: FrameStream<SessionResponse, SessionRequest>;
  readonly #options: TerminalSessionOptions;
  readonly #pulse: StreamPulse;
  readonly #handshakeTimer: Timer;
  #phase: Phase;
  /** Messages wait for the one before, because storing a manifest or a pairing takes a while. */
  #lastMessage: Promise<void> = Promise.resolve();

  constructor(
    stream: FrameStream<SessionResponse, SessionRequest>,
    options: TerminalSessionOptions,
  ) {
    const { clock } = options;
    this.#stream = stream;
    this.#options = options;
    this.#pulse = new StreamPulse(
      clock,
      () => this.#beat(),
      () => this.#refuse(new Error("nothing heard")),
    );
    this.#handshakeTimer = clock.timer(HANDSHAKE_MS_MAX, () =>
      this.#refuse(new Error("handshake took too long")),
    );
    const handshake = new TerminalHandshake(options);
    this.#phase = { name: "HANDSHAKE", handshake };
    stream.onFrame((frame) => this.#receive(frame));
    stream.onEnd(() => this.#end());
    stream.draining.addEventListener("abort", () => this.#send({ case: "drain", value: {} }), {
      once: true,
    });
    this.#sendSalt(handshake.m1);
  }

  /** Whether both Hellos have been said and heard. */
  get isOpen(): boolean {
    return this.#phase.name === "OPEN";
  }

  /** Another session needs its place. */
  giveWay(): void {
    this.#refuse(new Error("another needed the place"));
  }

  #receive({ frame }: SessionRequest): void {
    const phase = this.#phase;
    if (phase.name === "CLOSED") return;
    this.#pulse.heard();
    try {
      if (frame.case === "salt" && frame.value.length > SALT_BYTES_MAX) {
        throw new Error("packet too large");
      }
      if (phase.name === "HANDSHAKE") this.#shakeHands(phase.handshake, frame);
      else this.#receivePacket(phase.channel, frame);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #shakeHands(handshake: TerminalHandshake, frame: SessionRequest["frame"]): void {
    const accepted = handshake.receive(frame);
    if (accepted === undefined) return;
    const { m4, channel, terminal } = accepted;
    const { envelope, manifest } = this.#options;
    this.#phase = { name: "HELLO", channel, terminal };
    this.#sendSalt(m4);
    this.#send({
      case: "hello",
      value: {
        readerCertificate: envelope,
        terminalCertificateDigest: terminal.digest,
        manifestNumber: manifest.number,
        firmware: FIRMWARE,
        hasPinPad: true,
        timeMs: this.#nowMs(),
      },
    });
  }

  /** Opened on arrival, when its time is checked; heard when those before it are done. */
  #receivePacket(channel: SaltChannel, frame: SessionRequest["frame"]): void {
    if (frame.case !== "salt") throw new Error("certificate after the handshake");
    const packet = channel.open(frame.value, this.#options.clock.monotonicMs());
    const message = fromBinary(TerminalMessageSchema, packet);
    this.#lastMessage = this.#lastMessage
      .then(() => this.#hear(message))
      .catch((error) => this.#refuse(error));
  }

  async #hear(terminalMessage: TerminalMessage): Promise<void> {
    const phase = this.#phase;
    const { message } = terminalMessage;
    if (phase.name === "HELLO") {
      if (message.case !== "hello") throw new Error("first message is not Hello");
      return this.#open(message.value, phase);
    }
    if (phase.name !== "OPEN") return;
    switch (message.case) {
      case "heartbeat":
        return;
      case "close":
        return this.#close();
      case "manifest":
        return this.#takeManifest(message.value);
      case "hello":
      case "drain":
      case undefined:
        throw new Error("unexpected message");
      default:
        return this.#options.device.obey(terminalMessage, phase.attached);
    }
  }

  async #open(hello: TerminalHello, { channel, terminal }: Secured): Promise<void> {
    const { certificate, store, device, manifest, log } = this.#options;
    if (!equalBytes(hello.readerCertificateDigest, certificate.digest)) {
      throw new Error("Hello names another reader certificate");
    }
    if (hello.manifest !== undefined) await this.#takeManifest(hello.manifest);
    // The manifest that has just come may know more than the one before M4.
    if (manifest.isRevoked(terminal.id)) throw new Error("terminal certificate revoked");
    if (store.merchantId === undefined) await store.pairWith(terminal.merchantId);
    if (this.#phase.name === "CLOSED") return;

    const attached: AttachedTerminal = {
      certificate: terminal,
      send: (message) => this.#sendMessage(message),
    };
    this.#phase = { name: "OPEN", channel, terminal, attached };
    this.#handshakeTimer.cancel();
    this.#pulse.start(HEARTBEAT_INTERVAL_MS, HEARTBEAT_INTERVAL_MS);
    await device.attach(attached);
    const { terminalId, merchantId } = terminal;
    log.info("terminal session open", { terminalId, merchantId, manifestNumber: manifest.number });
  }

  async #takeManifest(delegated: DelegatedManifest): Promise<void> {
    const { manifest, clock, log } = this.#options;
    try {
      await manifest.offer(delegated, clock.nowMs());
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      // The manifest that is here stays; without a valid one the next payment says so.
      log.warn("key manifest refused", { errorCode: error.code });
    }
  }

  #beat(): void {
    this.#send({ case: "heartbeat", value: { sentAtMs: this.#nowMs() } });
  }

  #nowMs(): bigint {
    return BigInt(Math.floor(this.#options.clock.nowMs()));
  }

  #send(message: ReaderSays): void {
    this.#sendMessage({ message });
  }

  #sendMessage(message: MessageInitShape<typeof ReaderMessageSchema>): void {
    const phase = this.#phase;
    if (phase.name !== "HELLO" && phase.name !== "OPEN") return;
    const bytes = toBinary(ReaderMessageSchema, create(ReaderMessageSchema, message));
    this.#sendSalt(phase.channel.seal(bytes, this.#options.clock.monotonicMs()));
  }

  #sendSalt(salt: Uint8Array): void {
    this.#pulse.sent();
    this.#stream.send(create(SessionResponseSchema, { salt }));
  }

  #close(): void {
    this.#send({ case: "close", value: {} });
    this.#stream.end();
    this.#end();
  }

  /** One answer for everything that is wrong; what it was is for the security log. */
  #refuse(error: unknown): void {
    if (this.#phase.name === "CLOSED") return;
    const fields = { field: this.#phase.name, errorName: reasonOf(error) };
    this.#options.log.warn("terminal session refused", fields);
    this.#stream.end(new ConnectError("session refused", Code.Unauthenticated));
    this.#end();
  }

  #end(): void {
    const phase = this.#phase;
    this.#phase = { name: "CLOSED" };
    if ("channel" in phase) phase.channel.close();
    this.#handshakeTimer.cancel();
    this.#pulse.stop();
    if (phase.name === "OPEN") void this.#options.device.detach(phase.attached);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof SealedDataRejected) return error.reasonForSecurityLog();
  const cause = error instanceof PaymentError ? error.cause : error;
  return cause instanceof Error ? cause.message : "unknown";
}
