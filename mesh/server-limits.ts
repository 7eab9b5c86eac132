import type { SecureServerOptions } from "node:http2";
import type { FrameLimits } from "./http2-frame-stream.ts";

/** What one client may cost. Each limit ends the stream or connection that breaks it, no other. */
export interface ServerLimits extends FrameLimits {
  readonly connectionsMax: number;
  readonly streamsPerConnectionMax: number;
  /** Time to finish the TLS handshake, or to send the first bytes in plaintext. */
  readonly handshakeMsMax: number;
  readonly headerBytesMax: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  messageBytesMax: 65_536,
  queueBytesMax: 1_048_576,
  stallMsMax: 15_000,
  connectionsMax: 10_000,
  streamsPerConnectionMax: 1_000,
  handshakeMsMax: 10_000,
  headerBytesMax: 16_384,
};

/** The same in the words of node:http2. */
export function http2Options(limits: ServerLimits): SecureServerOptions {
  return {
    // Megabytes for one connection's streams together: enough for each to hold what it may queue
    // while the others idle, and an end to a connection that wants everything.
    maxSessionMemory: 256,
    maxHeaderListPairs: 64,
    maxSendHeaderBlockLength: limits.headerBytesMax,
    // A relay cancels many calls on one connection when a processor goes away. Node's default of
    // 1,000 would then end the connection, live streams included.
    streamResetBurst: 100_000,
    streamResetRate: 10_000,
    settings: {
      maxConcurrentStreams: limits.streamsPerConnectionMax,
      maxHeaderListSize: limits.headerBytesMax,
      // One message of the greatest length may be on the way.
      initialWindowSize: Math.max(65_535, limits.messageBytesMax),
      enablePush: false,
    },
  };
}
