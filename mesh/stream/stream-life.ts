import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type Close,
  CloseSchema,
  type Drain,
  DrainReason,
  DrainSchema,
  type Heartbeat,
  HeartbeatSchema,
  type Hello,
} from "../../gen/cardlane/mesh/v1/stream_pb.ts";
import type { Timer } from "../clock.ts";
import type { Surroundings } from "../surroundings.ts";
import { CLEAN_END, endWith, type FrameStream, type Peer, type StreamEnd } from "./frame-stream.ts";
import { checkHello, helloOf, type Speaker } from "./hello.ts";
import type { LifeFrame, LiveStream } from "./live-stream.ts";
import { PeerClock } from "./peer-clock.ts";
import { silentLine } from "./silence.ts";
import { StreamPulse } from "./stream-pulse.ts";

/** Nothing but Hello is accepted first, and not later than this. */
const HELLO_WITHIN_MS = 10_000;
/** Balancing works per stream, so a server moves its streams on after about this long. */
const LIFE_MS = 10 * 60_000;
/** Streams opened together must not all move together: ± this part of their life. */
const LIFE_JITTER = 0.1;
/** How long a server goes on answering after it sent Drain. */
const DRAIN_GRACE_MS = 30_000;

export interface LifeOptions<OutDesc extends DescMessage>
  extends Speaker,
    Pick<Surroundings, "clock"> {
  readonly role: "client" | "server";
  /** Schema of the frames that this side sends. */
  readonly schema: OutDesc;
  /** From 0 up to 1. */
  readonly jitter: () => number;
  /** After about this long a server drains the stream. */
  readonly lifeMs?: number;
  readonly drainGraceMs?: number;
}

/** Puts life into a stream. The handlers have to be set in the same turn. */
export function liveStream<OutDesc extends DescMessage, In extends LifeFrame>(
  stream: FrameStream<MessageShape<OutDesc>, In>,
  options: LifeOptions<OutDesc>,
): LiveStream<MessageShape<OutDesc>, In> {
  return new Life(stream, options);
}

type LifeCase =
  | { readonly case: "hello"; readonly value: Hello }
  | { readonly case: "heartbeat"; readonly value: Heartbeat }
  | { readonly case: "drain"; readonly value: Drain }
  | { readonly case: "close"; readonly value: Close };

class Life<OutDesc extends DescMessage, In extends LifeFrame>
  implements LiveStream<MessageShape<OutDesc>, In>
{
  readonly #stream: FrameStream<MessageShape<OutDesc>, In>;
  readonly #options: LifeOptions<OutDesc>;
  readonly #pulse: StreamPulse;
  readonly #timers: Timer[] = [];
  readonly #peerClock: PeerClock;
  #peerHello: Hello | undefined;
  #framesReceived = 0n;
  #isCloseSent = false;
  #isCloseReceived = false;
  #isDrainSent = false;
  #isEnded = false;
  #openHandler: ((hello: Hello) => void) | undefined;
  #frameHandler: ((frame: In) => void) | undefined;
  #drainHandler: ((drain: Drain) => void) | undefined;
  #closeHandler: () => void = () => this.close();
  #endHandler: ((end: StreamEnd) => void) | undefined;

  constructor(stream: FrameStream<MessageShape<OutDesc>, In>, options: LifeOptions<OutDesc>) {
    this.#stream = stream;
    this.#options = options;
    this.#peerClock = new PeerClock(options.clock);
    this.#pulse = new StreamPulse(
      options.clock,
      () => this.#beat(),
      (silentMs) => this.fail(silentLine(silentMs)),
    );
    stream.onFrame((frame) => this.#receive(frame));
    stream.onEnd((end) => this.#ended(end));
    this.#after(HELLO_WITHIN_MS, () => {
      if (this.#peerHello !== undefined) return;
      if (options.role === "client") this.fail(silentLine(HELLO_WITHIN_MS));
      else this.#fail(Code.DeadlineExceeded, "no Hello came");
    });
    if (options.role === "client") {
      this.#sendLife({ case: "hello", value: helloOf(options, options.clock.nowMs()) });
    } else {
      stream.draining.addEventListener("abort", () => this.drain(DrainReason.SHUTDOWN));
    }
  }

  get peer(): Peer {
    return this.#stream.peer;
  }

  get signal(): AbortSignal {
    return this.#stream.signal;
  }

  get peerHello(): Hello | undefined {
    return this.#peerHello;
  }

  get isPeerTimeLost(): boolean {
    return this.#peerClock.isLost;
  }

  get peerTimeMs(): number | undefined {
    return this.#peerClock.nowMs;
  }

  send(frame: MessageShape<OutDesc>): boolean {
    if (this.#isCloseSent) return false;
    this.#pulse.sent();
    return this.#stream.send(frame);
  }

  onWritable(handler: () => void): void {
    this.#stream.onWritable(handler);
  }

  onOpen(handler: (hello: Hello) => void): void {
    this.#openHandler = handler;
  }

  onFrame(handler: (frame: In) => void): void {
    this.#frameHandler = handler;
  }

  onDrain(handler: (drain: Drain) => void): void {
    this.#drainHandler = handler;
  }

  onClose(handler: () => void): void {
    this.#closeHandler = handler;
  }

  onEnd(handler: (end: StreamEnd) => void): void {
    this.#endHandler = handler;
  }

  pause(): void {
    this.#pulse.listen(false);
    this.#stream.pause();
  }

  resume(): void {
    this.#pulse.listen(!this.#isCloseReceived);
    this.#stream.resume();
  }

  drain(reason: DrainReason): void {
    // Before its Hello the peer may hear nothing; #open comes back here.
    if (this.#peerHello === undefined || this.#isDrainSent || this.#isCloseSent) return;
    this.#isDrainSent = true;
    const graceMs = this.#options.drainGraceMs ?? DRAIN_GRACE_MS;
    this.#sendLife({ case: "drain", value: create(DrainSchema, { reason, graceMs }) });
    this.#after(graceMs, () => this.#fail(Code.Unavailable, "the stream was drained"));
  }

  close(): void {
    if (this.#isCloseSent || this.#isEnded) return;
    const framesReceived = this.#framesReceived;
    this.#sendLife({ case: "close", value: create(CloseSchema, { framesReceived }) });
    this.#isCloseSent = true;
    // A client half-closes; a server's status may only follow the client's own Close.
    if (this.#options.role === "client" || this.#isCloseReceived) this.#stream.end();
  }

  fail(error: ConnectError): void {
    this.#stream.end(error);
    this.#finish(endWith(error));
  }

  #fail(code: Code, message: string): void {
    this.fail(new ConnectError(message, code));
  }

  #receive(frame: In): void {
    if (this.#isEnded) return;
    this.#pulse.heard();
    const life = frame.frame as LifeCase;
    if (this.#isCloseReceived) {
      this.#fail(Code.InvalidArgument, "nothing may follow Close");
    } else if (this.#peerHello === undefined) {
      this.#receiveFirst(life);
    } else {
      this.#receiveLater(frame, life);
    }
  }

  #receiveFirst(life: LifeCase): void {
    if (life.case !== "hello") {
      this.#fail(Code.InvalidArgument, `first frame must be hello, got ${String(life.case)}`);
      return;
    }
    try {
      checkHello(life.value);
    } catch (error) {
      this.fail(ConnectError.from(error));
      return;
    }
    this.#open(life.value);
  }

  #open(hello: Hello): void {
    this.#peerHello = hello;
    this.#peerClock.heard(hello.timeMs);
    const own = helloOf(this.#options, this.#options.clock.nowMs());
    if (this.#options.role === "server") {
      this.#sendLife({ case: "hello", value: own });
      const { jitter, lifeMs } = this.#options;
      const factor = 1 + LIFE_JITTER * (2 * jitter() - 1);
      this.#after((lifeMs ?? LIFE_MS) * factor, () => this.drain(DrainReason.AGE));
      if (this.#stream.draining.aborted) this.drain(DrainReason.SHUTDOWN);
    }
    this.#pulse.start(own.heartbeatIntervalMs, hello.heartbeatIntervalMs);
    this.#openHandler?.(hello);
  }

  #receiveLater(frame: In, life: LifeCase): void {
    switch (life.case) {
      case "heartbeat":
        this.#peerClock.heard(life.value.sentAtMs);
        return;
      case "drain":
        if (this.#options.role === "client") this.#drainHandler?.(life.value);
        else this.#fail(Code.InvalidArgument, "a client sends no Drain");
        return;
      case "close":
        this.#isCloseReceived = true;
        // After its Close the peer may say nothing, heartbeats included.
        this.#pulse.listen(false);
        if (this.#isCloseSent) this.#stream.end();
        else this.#closeHandler();
        return;
      case "hello":
        this.#fail(Code.InvalidArgument, "Hello came twice");
        return;
      default:
        this.#framesReceived += 1n;
        this.#frameHandler?.(frame);
    }
  }

  #ended(end: StreamEnd): void {
    // A server keeps its own direction until it has answered what came before the client's Close.
    const isOwing = this.#options.role === "server" && this.#isCloseReceived && !this.#isCloseSent;
    if (end.clean && isOwing) {
      this.signal.addEventListener("abort", () => this.#finish(CLEAN_END), { once: true });
    } else {
      this.#finish(end);
    }
  }

  #finish(end: StreamEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#pulse.stop();
    for (const timer of this.#timers) timer.cancel();
    const isSincere = this.#isCloseSent && this.#isCloseReceived;
    const meant = end.clean && !isSincere ? CUT : end;
    if (meant === CUT && this.#options.role === "server") this.#stream.end(CUT.error);
    this.#endHandler?.(meant);
  }

  #beat(): void {
    const sentAtMs = BigInt(Math.round(this.#options.clock.nowMs()));
    this.#sendLife({ case: "heartbeat", value: create(HeartbeatSchema, { sentAtMs }) });
  }

  #sendLife(frame: LifeCase): void {
    // Every schema that liveStream takes has these four cases; TypeScript cannot be told.
    const init = { frame } as unknown as MessageInitShape<OutDesc>;
    this.send(create(this.#options.schema, init));
  }

  #after(delayMs: number, callback: () => void): void {
    this.#timers.push(this.#options.clock.timer(delayMs, callback));
  }
}

const CUT: StreamEnd = endWith(
  new ConnectError("the stream ended without Close", Code.Unavailable),
);
