import type { ConnectError } from "@connectrpc/connect";

/**
 * One bidirectional stream, seen from one side. The server's fast path, the slow path over Connect
 * or gRPC-Web, the client and the in-memory pair all look like this.
 *
 * Push style, because it is the hot path: handlers are called synchronously, once per frame. Each
 * `on…` takes one handler; frames that arrive before `onFrame` wait.
 *
 * The end of a stream commits nothing: a cancelled HTTP/2 stream can look cleanly half-closed. What
 * the peer meant is in its Close frame (stream-life.ts).
 */
export interface FrameStream<Out, In> {
  readonly peer: Peer;
  /** Aborted when the stream is over for both sides, whatever ended it. */
  readonly signal: AbortSignal;
  /**
   * Aborted when this side's server was asked to stop; never on a client's stream. It goes with the
   * stream, and whoever listens to it.
   */
  readonly draining: AbortSignal;

  /**
   * Queues one frame. Frames of one turn of the event loop leave together.
   *
   * @returns false when the peer reads slowly: send no more before `onWritable`. The frame was
   *   taken nevertheless. Who ignores this is cut off with RESOURCE_EXHAUSTED at the queue's limit.
   *   False also once the stream is over; the frame is lost then.
   */
  send(frame: Out): boolean;
  /** Called when `send` may be used again after it returned false. */
  onWritable(handler: () => void): void;
  /** Called for each frame. A handler that throws ends the stream with that error. */
  onFrame(handler: (frame: In) => void): void;
  /** Called once: no further frame will come. A server still has to call `end`. */
  onEnd(handler: (end: StreamEnd) => void): void;

  /** Stops reading; the peer feels it after about 64 KiB. */
  pause(): void;
  resume(): void;

  /**
   * Ends this side after everything queued was sent. On a server it sends the status (OK by
   * default); on a client it half-closes, or cancels when an error is given.
   */
  end(status?: ConnectError): void;
  /**
   * Every error with which this side ends the stream goes through `explain`, also those for bytes
   * that are no frame, for limits and for deadlines. One at a time: the last one given counts.
   */
  explainEnd(explain: ExplainEnd): void;
}

/** What is said instead of an error that ends a stream. */
export type ExplainEnd = (status: ConnectError) => ConnectError;

/** Who is at the other end. */
export interface Peer {
  /** SPIFFE URI of the verified TLS certificate; undefined in plaintext. */
  readonly identity: string | undefined;
  /** "127.0.0.1:50312", for logs. */
  readonly address: string;
  /** Request headers on a server; empty on a client. */
  readonly headers: Headers;
}

/** How the other side's frames ended. */
export interface StreamEnd {
  /** gRPC status code, 0 to 16; 0 when `clean`. */
  readonly code: number;
  readonly message: string;
  /** The transport ended in an orderly way. Says nothing about what the peer meant. */
  readonly clean: boolean;
  /** The error with its details; undefined when `clean`. */
  readonly error: ConnectError | undefined;
}

export const CLEAN_END: StreamEnd = { code: 0, message: "", clean: true, error: undefined };

export function endWith(error: ConnectError): StreamEnd {
  return { code: error.code, message: error.rawMessage, clean: false, error };
}

/**
 * A server's draining signal as one of its streams passes it on. The server's lives as long as the
 * server: whoever listened to that one would be kept, with its stream, until the program ends.
 *
 * @param over aborted when the stream is over; whoever listens is let go then.
 */
export function ownDraining(server: AbortSignal, over: AbortSignal): AbortSignal {
  if (server.aborted) return server;
  const own = new AbortController();
  server.addEventListener("abort", () => own.abort(), { once: true, signal: over });
  return own.signal;
}
