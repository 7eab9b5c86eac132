import { create } from "@bufbuild/protobuf";
import type { DelegatedManifest } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  ReaderMessageSchema,
  type SessionRequest,
  type SessionResponse,
  SessionResponseSchema,
  type TerminalHello,
  type TerminalMessage,
  TerminalMessageSchema,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { PaymentError } from "../../payment/errors.ts";
import { SaltSession } from "../../salt/session.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { CheckedTerminalCertificate } from "../../sealing/keys/certificates.ts";
import type { ReaderDevice } from "../reader-device.ts";
import type { AttachedTerminal } from "../steps/device-state.ts";
import { type SessionParts, TerminalHandshake } from "./terminal-handshake.ts";

const FIRMWARE = "cardlane-reader-sim 0.1.0";

type Stream = FrameStream<SessionResponse, SessionRequest>;
type Session = SaltSession<
  SessionResponse,
  SessionRequest,
  typeof ReaderMessageSchema,
  typeof TerminalMessageSchema
>;

/**
 * One terminal's session, as the reader sees it. Nothing is obeyed before both Hellos have named
 * both certificates, and whatever is wrong looks the same from outside.
 */
export class TerminalSession {
  readonly #device: ReaderDevice;
  readonly #parts: SessionParts;
  readonly #session: Session;
  readonly #handshake: TerminalHandshake;
  /** Known from M3 on. */
  #terminal: CheckedTerminalCertificate | undefined;
  #attached: AttachedTerminal | undefined;

  constructor(stream: Stream, device: ReaderDevice, parts: SessionParts) {
    this.#device = device;
    this.#parts = parts;
    this.#handshake = new TerminalHandshake(parts);
    const side = {
      stream,
      peer: "terminal",
      says: ReaderMessageSchema,
      hears: TerminalMessageSchema,
      packetOf: ({ frame }: SessionRequest) => (frame.case === "salt" ? frame.value : undefined),
      frameOf: (salt: Uint8Array) => create(SessionResponseSchema, { salt }),
      heartbeat: (sentAtMs: bigint) => ({
        message: { case: "heartbeat", value: { sentAtMs } } as const,
      }),
      farewell: { message: { case: "close", value: {} } },
      onHandshake: ({ frame }: SessionRequest) => this.#shakeHands(frame),
      onMessage: (message: TerminalMessage) => this.#hear(message),
      onOver: () => this.#over(),
    } as const;
    this.#session = new SaltSession(side, parts);
    stream.draining.addEventListener(
      "abort",
      () => this.#session.say({ message: { case: "drain", value: {} } }),
      { once: true },
    );
    this.#session.sendPacket(this.#handshake.m1);
  }

  /** Whether both Hellos have been said and heard. */
  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  /** Another session needs its place. */
  giveWay(): void {
    this.#session.refuse(new Error("another needed the place"));
  }

  #shakeHands(frame: SessionRequest["frame"]): void {
    const accepted = this.#handshake.receive(frame);
    if (accepted === undefined) return;
    const { m4, channel, terminal } = accepted;
    const { envelope, manifest, clock } = this.#parts;
    this.#terminal = terminal;
    this.#session.sendPacket(m4);
    this.#session.secure(channel);
    const hello = {
      readerCertificate: envelope,
      terminalCertificateDigest: terminal.digest,
      manifestNumber: manifest.number,
      firmware: FIRMWARE,
      hasPinPad: true,
      timeMs: BigInt(Math.floor(clock.nowMs())),
    };
    this.#session.say({ message: { case: "hello", value: hello } });
  }

  async #hear(terminalMessage: TerminalMessage): Promise<void> {
    const { message } = terminalMessage;
    switch (message.case) {
      case "hello":
        return this.#open(message.value);
      case "heartbeat":
        return;
      case "close":
        return this.#session.close();
      case "manifest":
        return this.#takeManifest(message.value);
      case "drain":
        throw new Error("unexpected message");
      default:
        if (this.#attached === undefined) return;
        return this.#device.obey(terminalMessage, this.#attached);
    }
  }

  async #open(hello: TerminalHello): Promise<void> {
    const { certificate, store, manifest, log } = this.#parts;
    const terminal = this.#terminal;
    if (terminal === undefined) throw new Error("bug: Hello before M3");
    if (!equalBytes(hello.readerCertificateDigest, certificate.digest)) {
      throw new Error("Hello names another reader certificate");
    }
    if (hello.manifest !== undefined) await this.#takeManifest(hello.manifest);
    // The manifest that has just come may know more than the one before M4.
    if (manifest.isRevoked(terminal.id)) throw new Error("terminal certificate revoked");
    if (store.merchantId === undefined) await store.pairWith(terminal.merchantId);
    if (this.#session.isOver) return;

    this.#attached = { certificate: terminal, send: (message) => this.#session.say(message) };
    this.#session.open();
    await this.#device.attach(this.#attached);
    const { terminalId, merchantId } = terminal;
    log.info("terminal session open", { terminalId, merchantId, manifestNumber: manifest.number });
  }

  async #takeManifest(delegated: DelegatedManifest): Promise<void> {
    const { manifest, clock, log } = this.#parts;
    try {
      await manifest.offer(delegated, clock.nowMs());
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      // The manifest that is here stays; without a valid one the next payment says so.
      log.warn("key manifest refused", { errorCode: error.code });
    }
  }

  #over(): void {
    if (this.#attached !== undefined) void this.#device.detach(this.#attached);
  }
}
