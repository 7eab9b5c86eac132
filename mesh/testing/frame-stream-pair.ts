import { Code, ConnectError } from "@connectrpc/connect";
import { FrameInbox } from "../stream/frame-inbox.ts";
import {
  CLEAN_END,
  type ExplainEnd,
  endWith,
  type FrameStream,
  type Peer,
} from "../stream/frame-stream.ts";

/** Frames that may wait for a side that paused before the sender is asked to hold back. */
const HOLD_BACK_FRAMES = 64;
/** Frames that may wait before the stream is cut. */
const WAITING_FRAMES_MAX = 4_096;

/**
 * Two ends of one stream in memory, for unit tests and simulations. Frames are handed over as they
 * are, one microtask later, in order.
 */
export function frameStreamPair<ClientFrame, ServerFrame>(
  options: PairOptions = {},
): FrameStreamPair<ClientFrame, ServerFrame> {
  const { clientAddress: address = "memory:client" } = options;
  const draining = new AbortController();
  const neverDraining = new AbortController();
  const client = new PairEnd<ClientFrame, ServerFrame>(
    { identity: options.serverIdentity, address: "memory:server", headers: new Headers() },
    neverDraining.signal,
    "client",
  );
  const server = new PairEnd<ServerFrame, ClientFrame>(
    { identity: options.clientIdentity, address, headers: new Headers() },
    draining.signal,
    "server",
  );
  client.connectTo(server);
  server.connectTo(client);
  return {
    client,
    server,
    cut: (error = new ConnectError("connection lost", Code.Unavailable)) => {
      client.fail(error);
      server.fail(error);
    },
    drain: () => draining.abort(),
  };
}

export interface PairOptions {
  readonly clientIdentity?: string;
  /** "10.0.0.1:50312"; no real one by default. */
  readonly clientAddress?: string;
  readonly serverIdentity?: string;
}

export interface FrameStreamPair<ClientFrame, ServerFrame> {
  readonly client: FrameStream<ClientFrame, ServerFrame>;
  readonly server: FrameStream<ServerFrame, ClientFrame>;
  /** The connection dies: both sides end, frames on the way are lost. UNAVAILABLE by default. */
  cut(error?: ConnectError): void;
  /** The server is asked to stop. */
  drain(): void;
}

class PairEnd<Out, In> implements FrameStream<Out, In> {
  readonly peer: Peer;
  readonly draining: AbortSignal;
  readonly #role: "client" | "server";
  readonly #over = new AbortController();
  readonly #inbox: FrameInbox<In>;
  #other: PairEnd<In, Out> | undefined;
  #arrivals: In[] = [];
  #isReading = true;
  #isEndSent = false;
  #writableHandler: (() => void) | undefined;
  #owesWritable = false;
  #explain: ExplainEnd = (status) => status;

  constructor(peer: Peer, draining: AbortSignal, role: "client" | "server") {
    this.peer = peer;
    this.draining = draining;
    this.#role = role;
    this.#inbox = new FrameInbox(
      (wanted) => this.#setReading(wanted),
      (error) => this.end(ConnectError.from(error, Code.Internal)),
    );
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  connectTo(other: PairEnd<In, Out>): void {
    this.#other = other;
  }

  send(frame: Out): boolean {
    const other = this.#other;
    if (other === undefined || this.#isEndSent || this.#over.signal.aborted) return false;
    const mayGoOn = other.arrive(frame);
    if (!mayGoOn) this.#owesWritable = true;
    return mayGoOn;
  }

  onWritable(handler: () => void): void {
    this.#writableHandler = handler;
  }

  onFrame(handler: (frame: In) => void): void {
    this.#inbox.onFrame(handler);
  }

  onEnd(handler: Parameters<FrameStream<Out, In>["onEnd"]>[0]): void {
    this.#inbox.onEnd(handler);
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  explainEnd(explain: ExplainEnd): void {
    this.#explain = explain;
  }

  end(error?: ConnectError): void {
    if (this.#isEndSent || this.#over.signal.aborted) return;
    this.#isEndSent = true;
    const status = error && this.#explain(error);
    const other = this.#other;
    if (this.#role === "client" && status === undefined) {
      queueMicrotask(() => other?.finish(undefined));
      return;
    }
    // A server's status, and a client's cancelling, end both directions.
    queueMicrotask(() => {
      other?.finish(status);
      other?.over();
      this.finish(this.#role === "client" ? status : undefined);
      this.over();
    });
  }

  fail(error: ConnectError): void {
    this.#arrivals = [];
    this.finish(error);
    this.over();
  }

  finish(error: ConnectError | undefined): void {
    // The inbox holds what a side that paused has still to get before the end.
    if (error === undefined) for (const frame of this.#arrivals) this.#inbox.push(frame);
    this.#arrivals = [];
    this.#inbox.finish(error === undefined ? CLEAN_END : endWith(error));
  }

  over(): void {
    this.#over.abort();
  }

  /** A frame from the other end. */
  arrive(frame: In): boolean {
    this.#arrivals.push(frame);
    if (this.#arrivals.length > WAITING_FRAMES_MAX) {
      const error = new ConnectError("the peer does not read", Code.ResourceExhausted);
      this.#other?.fail(error);
      this.fail(error);
      return false;
    }
    queueMicrotask(() => this.#deliver());
    return this.#isReading || this.#arrivals.length < HOLD_BACK_FRAMES;
  }

  #deliver(): void {
    while (this.#isReading) {
      const frame = this.#arrivals.shift();
      if (frame === undefined) return;
      this.#inbox.push(frame);
    }
  }

  #setReading(wanted: boolean): void {
    this.#isReading = wanted;
    if (!wanted) return;
    this.#deliver();
    this.#other?.writable();
  }

  writable(): void {
    if (!this.#owesWritable) return;
    this.#owesWritable = false;
    this.#writableHandler?.();
  }
}
