import type { Message } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Drain, DrainReason, Hello } from "../../gen/cardlane/mesh/v1/stream_pb.ts";
import type { Peer, StreamEnd } from "./frame-stream.ts";

/**
 * One stream with Hello, Heartbeat, Drain and Close (cardlane.mesh.v1) taken care of: the owner
 * sees payload frames only.
 */
export interface LiveStream<Out, In> {
  readonly peer: Peer;
  readonly signal: AbortSignal;
  /** What the peer said first; undefined until then. */
  readonly peerHello: Hello | undefined;
  /** What the peer's wall clock says now, Unix milliseconds; undefined when it does not say. */
  readonly peerTimeMs: number | undefined;
  /** It was known, and this machine's clock has jumped since, or stood still. */
  readonly isPeerTimeLost: boolean;
  /** As FrameStream.send; false too after `close`. */
  send(frame: Out): boolean;
  onWritable(handler: () => void): void;
  /** The peer's Hello has come and is in order. */
  onOpen(handler: (hello: Hello) => void): void;
  onFrame(handler: (frame: In) => void): void;
  /** The server asks this client to move to another stream. */
  onDrain(handler: (drain: Drain) => void): void;
  /**
   * The peer sent Close: nothing more comes from it. The owner sends what it still owes, then calls
   * `close`. Without a handler the stream closes at once.
   */
  onClose(handler: () => void): void;
  /** Once. `clean` only if both sides sent Close. */
  onEnd(handler: (end: StreamEnd) => void): void;
  pause(): void;
  resume(): void;
  /** Asks the client to move on; the stream is cut when the grace is over. Servers only. */
  drain(reason: DrainReason): void;
  /** Sends Close: nothing more comes from here. The peer's frames arrive until its own Close. */
  close(): void;
  /** Ends the stream with an error, at once. */
  fail(error: ConnectError): void;
}

/** Any message whose frames are `oneof frame { Hello, Heartbeat, Drain, Close, … }`. */
export type LifeFrame = Message & {
  readonly frame: { readonly case: string | undefined; readonly value?: unknown };
};
