import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
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
import type { Timer } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { PeerClock } from "../../mesh/stream/peer-clock.ts";
import { silentLine } from "../../mesh/stream/silence.ts";
import { StreamPulse } from "../../mesh/stream/stream-pulse.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { SaltChannel } from "../../salt/channel.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import {
  type CheckedReaderCertificate,
  type CheckedTerminalCertificate,
  verifyReaderCertificate,
} from "../../sealing/keys/certificates.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";
import { SealedDataRejected } from "../../sealing/sealed-data-rejected.ts";
import { ReaderHandshake, type ReaderHandshakeOptions } from "./reader-handshake.ts";

/** The same limit as at the reader: no message between the two needs more. */
const SALT_BYTES_MAX = 8_192;
/** From opening the stream to the reader's Hello. */
const HANDSHAKE_MS_MAX = 10_000;
/** How often each side speaks when it has nothing to say; silence of 2.5 times that is an end. */
const HEARTBEAT_INTERVAL_MS = 10_000;

export type TerminalSays = NonNullable<MessageInitShape<typeof TerminalMessageSchema>["message"]>;

/** The authenticated reader. Its serial number is known from here on, and not before. */
export interface ReaderPeer {
  readonly certificate: CheckedReaderCertificate;
  readonly hasPinPad: boolean;
  /** What its clock says. */
  readonly clock: Pick<PeerClock, "nowMs">;
}

export interface ReaderSessionOptions extends ReaderHandshakeOptions {
  readonly roots: TrustedRoots;
  readonly manifest: KeptManifest;
  readonly log: Log;
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

type Phase =
  | { readonly name: "HANDSHAKE"; readonly handshake: ReaderHandshake }
  | { readonly name: "HELLO" | "OPEN"; readonly channel: SaltChannel }
  | { readonly name: "CLOSED" };

type SessionStream = FrameStream<SessionRequest, SessionResponse>;

/**
 * One session with a reader. Nothing the reader says is believed before its certificate was checked
 * and both Hellos have named both certificates.
 */
export class ReaderSession {
  readonly #stream: SessionStream;
  readonly #options: ReaderSessionOptions;
  readonly #handlers: ReaderSessionHandlers;
  readonly #pulse: StreamPulse;
  readonly #handshakeTimer: Timer;
  readonly #peerClock: PeerClock;
  #phase: Phase;

  constructor(
    stream: SessionStream,
    options: ReaderSessionOptions,
    handlers: ReaderSessionHandlers,
  ) {
    const { clock } = options;
    this.#stream = stream;
    this.#options = options;
    this.#handlers = handlers;
    this.#peerClock = new PeerClock(clock);
    this.#pulse = new StreamPulse(
      clock,
      () => this.#beat(),
      (silentMs) => this.#refuse(new Error("nothing heard"), silentLine(silentMs)),
    );
    this.#handshakeTimer = clock.timer(HANDSHAKE_MS_MAX, () =>
      this.#refuse(new Error("handshake took too long"), silentLine(HANDSHAKE_MS_MAX)),
    );
    this.#phase = { name: "HANDSHAKE", handshake: new ReaderHandshake(options) };
    stream.onFrame(({ salt }) => this.#receive(salt));
    stream.onEnd(() => this.#end());
  }

  /** Without effect before the session is open and after its end. */
  send(message: TerminalSays, traceparent = ""): void {
    if (this.#phase.name === "OPEN") this.#say(message, traceparent);
  }

  /** Ends the session in an orderly way. */
  close(): void {
    this.send({ case: "close", value: {} });
    this.#stream.end();
    this.#end();
  }

  #receive(salt: Uint8Array): void {
    const phase = this.#phase;
    if (phase.name === "CLOSED") return;
    this.#pulse.heard();
    try {
      if (salt.length > SALT_BYTES_MAX) throw new Error("packet too large");
      if (phase.name === "HANDSHAKE") {
        this.#shakeHands(phase.handshake, salt);
        return;
      }
      const packet = phase.channel.open(salt, this.#options.clock.monotonicMs());
      this.#hear(fromBinary(ReaderMessageSchema, packet), phase.channel);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #shakeHands(handshake: ReaderHandshake, salt: Uint8Array): void {
    const step = handshake.receive(salt);
    if (step.kind === "channel") {
      this.#phase = { name: "HELLO", channel: step.channel };
      return;
    }
    this.#sendFrame({ case: "salt", value: step.m2 });
    this.#sendFrame({ case: "terminalCertificate", value: this.#options.envelope });
    this.#sendFrame({ case: "salt", value: step.m3 });
  }

  #hear(readerMessage: ReaderMessage, channel: SaltChannel): void {
    const { message } = readerMessage;
    if (this.#phase.name === "HELLO") {
      if (message.case !== "hello") throw new Error("first message is not Hello");
      this.#open(message.value, channel);
      return;
    }
    switch (message.case) {
      case "heartbeat":
        this.#peerClock.heard(message.value.sentAtMs);
        return;
      case "drain":
        this.#handlers.onDrain();
        return;
      case "close":
        this.#stream.end();
        this.#end();
        return;
      case "hello":
      case undefined:
        throw new Error("unexpected message");
      default:
        this.#handlers.onMessage(readerMessage);
    }
  }

  #open(hello: ReaderHello, channel: SaltChannel): void {
    const { manifest, certificate } = this.#options;
    const reader = this.#checkReader(hello, channel);
    const newest = hello.manifestNumber < manifest.number ? manifest.newest : undefined;
    this.#phase = { name: "OPEN", channel };
    this.#handshakeTimer.cancel();
    this.#say({
      case: "hello",
      value: {
        readerCertificateDigest: reader.digest,
        ...(newest && { manifest: newest.delegated }),
      },
    });
    this.#pulse.start(HEARTBEAT_INTERVAL_MS, HEARTBEAT_INTERVAL_MS);
    this.#options.log.info("reader session open", {
      readerSerial: reader.serial,
      terminalId: certificate.terminalId,
    });
    this.#peerClock.heard(hello.timeMs);
    const { hasPinPad } = hello;
    this.#handlers.onOpen({ certificate: reader, hasPinPad, clock: this.#peerClock });
  }

  #checkReader(hello: ReaderHello, channel: SaltChannel): CheckedReaderCertificate {
    const { curves, roots, clock, manifest, certificate } = this.#options;
    const envelope = hello.readerCertificate;
    const reader = verifyReaderCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
    if (manifest.isRevoked(reader.id)) throw new Error("reader certificate revoked");
    if (!equalBytes(reader.identity.publicKey, channel.peerPublicKey)) {
      throw new Error("M4 by another key than the certificate's");
    }
    if (!equalBytes(hello.terminalCertificateDigest, certificate.digest)) {
      throw new Error("Hello names another terminal certificate");
    }
    return reader;
  }

  #beat(): void {
    const sentAtMs = BigInt(Math.floor(this.#options.clock.nowMs()));
    this.send({ case: "heartbeat", value: { sentAtMs } });
  }

  #say(message: TerminalSays, traceparent = ""): void {
    if (this.#phase.name !== "OPEN") return;
    const body = create(TerminalMessageSchema, { message, traceparent });
    const bytes = toBinary(TerminalMessageSchema, body);
    const { clock } = this.#options;
    const value = this.#phase.channel.seal(bytes, clock.monotonicMs());
    bytes.fill(0); // It may have held a PIN.
    this.#sendFrame({ case: "salt", value });
  }

  #sendFrame(frame: SessionRequest["frame"]): void {
    this.#pulse.sent();
    this.#stream.send(create(SessionRequestSchema, { frame }));
  }

  /** The reader hears nothing of why; the reason is for the security log. */
  #refuse(error: unknown, status = REFUSED): void {
    if (this.#phase.name === "CLOSED") return;
    const fields = { field: this.#phase.name, errorName: reasonOf(error) };
    this.#options.log.warn("reader session refused", fields);
    this.#stream.end(status);
    this.#end();
  }

  #end(): void {
    const phase = this.#phase;
    if (phase.name === "CLOSED") return;
    this.#phase = { name: "CLOSED" };
    if ("channel" in phase) phase.channel.close();
    this.#handshakeTimer.cancel();
    this.#pulse.stop();
    this.#handlers.onOver();
  }
}

const REFUSED = new ConnectError("session refused", Code.Unauthenticated);

function reasonOf(error: unknown): string {
  if (error instanceof SealedDataRejected) return error.reasonForSecurityLog();
  const cause = error instanceof PaymentError ? error.cause : error;
  return cause instanceof Error ? cause.message : "unknown";
}
