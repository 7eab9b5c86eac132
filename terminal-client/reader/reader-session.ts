import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  type ReaderHello,
  type ReaderMessage,
  ReaderMessageSchema,
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponse,
  TerminalMessageSchema,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { PeerClock } from "../../mesh/stream/peer-clock.ts";
import { silentLine } from "../../mesh/stream/silence.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { answerSaltClient, type SaltServerAnswered } from "../../salt/server.ts";
import { SaltSession } from "../../salt/session.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { Curves, Signer } from "../../sealing/curves/curves.ts";
import {
  type CheckedReaderCertificate,
  type CheckedTerminalCertificate,
  verifyReaderCertificate,
} from "../../sealing/keys/certificates.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";
import type { Random } from "../../sealing/random.ts";

export type TerminalSays = NonNullable<MessageInitShape<typeof TerminalMessageSchema>["message"]>;

/** The authenticated reader. Its serial number is known from here on, and not before. */
export interface ReaderPeer {
  readonly certificate: CheckedReaderCertificate;
  readonly hasPinPad: boolean;
  /** What its clock says. */
  readonly clock: Pick<PeerClock, "nowMs" | "isLost">;
}

export interface ReaderSessionOptions extends Pick<Surroundings, "clock" | "log"> {
  readonly curves: Curves;
  readonly random: Random;
  readonly roots: TrustedRoots;
  readonly manifest: KeptManifest;
  /** `terminal_identity`. */
  readonly identity: Signer;
  /** The terminal's certificate as it was issued, and what it says. */
  readonly envelope: SignedEnvelope;
  readonly certificate: CheckedTerminalCertificate;
}

interface ReaderSessionHandlers {
  readonly onOpen: (peer: ReaderPeer) => void;
  readonly onMessage: (message: ReaderMessage) => void;
  /** The reader will end the session soon. */
  readonly onDrain: () => void;
  /** Once, whatever ended it. */
  readonly onOver: () => void;
}

type Stream = FrameStream<SessionRequest, SessionResponse>;
type Session = SaltSession<
  SessionRequest,
  SessionResponse,
  typeof TerminalMessageSchema,
  typeof ReaderMessageSchema
>;

/**
 * One session with a reader. Nothing the reader says is believed before its certificate was checked
 * and both Hellos have named both certificates.
 */
export class ReaderSession {
  readonly #options: ReaderSessionOptions;
  readonly #handlers: ReaderSessionHandlers;
  readonly #session: Session;
  readonly #peerClock: PeerClock;
  /** From M1 on. */
  #answered: SaltServerAnswered | undefined;
  /** The key that the reader has proved to hold in M4; whose it is, its Hello says. */
  #peerPublicKey: Uint8Array = new Uint8Array();

  constructor(stream: Stream, options: ReaderSessionOptions, handlers: ReaderSessionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#peerClock = new PeerClock(options.clock);
    const side = {
      stream,
      peer: "reader",
      says: TerminalMessageSchema,
      hears: ReaderMessageSchema,
      packetOf: ({ salt }: SessionResponse) => salt,
      frameOf: (value: Uint8Array) =>
        create(SessionRequestSchema, { frame: { case: "salt", value } }),
      heartbeat: (sentAtMs: bigint) => ({
        message: { case: "heartbeat", value: { sentAtMs } } as const,
      }),
      farewell: { message: { case: "close", value: {} } },
      silence: silentLine,
      onHandshake: ({ salt }: SessionResponse) => this.#shakeHands(salt),
      onMessage: (message: ReaderMessage) => this.#hear(message),
      onOver: handlers.onOver,
    } as const;
    this.#session = new SaltSession(side, options);
  }

  /** Without effect before the session is open and after its end. */
  send(message: TerminalSays, traceparent = ""): void {
    if (this.#session.isOpen) this.#session.say({ message, traceparent });
  }

  /** Ends the session in an orderly way. */
  close(): void {
    this.#session.close();
  }

  /** M1, answered by M2, the certificate and M3; then M4. */
  #shakeHands(packet: Uint8Array): void {
    const { curves, random, identity: signer, clock, envelope: value } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#answered !== undefined) {
      const channel = this.#answered.receiveM4(packet, nowMs);
      this.#peerPublicKey = channel.peerPublicKey;
      this.#session.secure(channel);
      return;
    }
    this.#answered = answerSaltClient(packet, { curves, random, signer, nowMs });
    this.#session.sendPacket(this.#answered.m2);
    const certificate = { case: "terminalCertificate", value } as const;
    this.#session.send(create(SessionRequestSchema, { frame: certificate }));
    this.#session.sendPacket(this.#answered.m3);
  }

  #hear(readerMessage: ReaderMessage): void {
    const { message } = readerMessage;
    switch (message.case) {
      case "hello":
        this.#open(message.value);
        return;
      case "heartbeat":
        this.#peerClock.heard(message.value.sentAtMs);
        return;
      case "drain":
        this.#handlers.onDrain();
        return;
      case "close":
        this.#session.end();
        return;
      default:
        this.#handlers.onMessage(readerMessage);
    }
  }

  #open(hello: ReaderHello): void {
    const { manifest, certificate } = this.#options;
    const reader = this.#checkReader(hello, this.#peerPublicKey);
    const newest = hello.manifestNumber < manifest.number ? manifest.newest : undefined;
    this.#session.open();
    this.send({
      case: "hello",
      value: {
        readerCertificateDigest: reader.digest,
        ...(newest && { manifest: newest.delegated }),
      },
    });
    this.#options.log.info("reader session open", {
      readerSerial: reader.serial,
      terminalId: certificate.terminalId,
    });
    this.#peerClock.heard(hello.timeMs);
    const { hasPinPad } = hello;
    this.#handlers.onOpen({ certificate: reader, hasPinPad, clock: this.#peerClock });
  }

  #checkReader(hello: ReaderHello, peerPublicKey: Uint8Array): CheckedReaderCertificate {
    const { curves, roots, clock, manifest, certificate } = this.#options;
    const envelope = hello.readerCertificate;
    const reader = verifyReaderCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
    if (manifest.isRevoked(reader.id)) throw new Error("reader certificate revoked");
    if (!equalBytes(reader.identity.publicKey, peerPublicKey)) {
      throw new Error("M4 by another key than the certificate's");
    }
    if (!equalBytes(hello.terminalCertificateDigest, certificate.digest)) {
      throw new Error("Hello names another terminal certificate");
    }
    return reader;
  }
}
