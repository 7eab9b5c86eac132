import type { ServerOptions } from "node:http";
import type { ServerOptions as Http2ServerOptions } from "node:http2";
import type { Rate } from "../limits/rate-limits.ts";
import type { FrameLimits } from "../stream/http2-frame-stream.ts";

/** What one client may cost. Each limit ends the stream or connection that breaks it, no other. */
export interface ServerLimits extends FrameLimits {
  /** All together. */
  readonly connectionsMax: number;
  /** Of one TLS identity. */
  readonly connectionsPerPeerMax: number;
  /** From one address, before it has proved an identity. */
  readonly connectionsPerAddressMax: number;
  /** In plaintext, how many of all stay free for other addresses than the busiest. */
  readonly connectionsReserve: number;
  readonly streamsPerConnectionMax: number;
  /** The same where a connection carries the calls of many, or is one of a machine to itself. */
  readonly sharedStreamsPerConnectionMax: number;
  /** Of one TLS identity, over all of its connections. */
  readonly streamsPerPeerMax: number;
  /**
   * Unary calls of one TLS identity that are under way, and streams of it that begin in one turn
   * of the event loop. Others wait.
   */
  readonly callsAtOnceMax: number;
  /**
   * The same for calls that ask for a page of a list. A place is taken until the page has been
   * read, so that whoever reads nothing has no more pages made.
   */
  readonly listsAtOnceMax: number;
  /** TLS handshakes from one address. */
  readonly handshakeRate: Rate;
  /**
   * Calls of one TLS identity that end by a reset or, over the rate of calls, are refused. Who goes
   * on loses the connections that did it, and may open no others for a second, then for longer, up
   * to a minute.
   */
  readonly offenceRate: Rate;
  /** From the first byte of TCP to what HTTP wants to hear first, TLS handshake included. */
  readonly handshakeMsMax: number;
  /** How long a connection may be there without a request. */
  readonly idleMsMax: number;
  /** How long the body of a call may take to arrive, where it is one message. */
  readonly requestMsMax: number;
  /** How long a unary call may take, whatever its caller grants it. */
  readonly callMsMax: number;
  readonly headerBytesMax: number;
  /** What a peer may make the server hold: unfinished messages, and answers it does not read. */
  readonly heldBytesMax: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  messageBytesMax: 65_536,
  queueBytesMax: 1_048_576,
  stallMsMax: 15_000,
  // Longer than a payment may take: what comes more slowly is of no use to anybody.
  messageMsMax: 30_000,
  connectionsMax: 10_000,
  // A program has two for each address that it knows of a service; an operator has a few shells.
  connectionsPerPeerMax: 64,
  // Shops behind one address that all come back at once; a handshake takes milliseconds.
  connectionsPerAddressMax: 1_000,
  connectionsReserve: 1_000,
  // As many as most servers of HTTP/2 take: a client keeps the next call until one has ended.
  streamsPerConnectionMax: 128,
  sharedStreamsPerConnectionMax: 1_000,
  // A terminal has one, a relay a few dozen; a load test has a thousand.
  streamsPerPeerMax: 1_000,
  // Enough to keep a processor core busy with calls that wait for the database, and few enough
  // that somebody else's payment waits for no more than a few milliseconds of them.
  callsAtOnceMax: 16,
  // A page of 500 payments keeps a relay busy for ten milliseconds and more.
  listsAtOnceMax: 2,
  // Each costs about a millisecond: a fifth of a core. After a relay's start a thousand come back.
  handshakeRate: { perSecond: 200, burst: 1_000 },
  // As many resets as Node lets one connection make.
  offenceRate: { perSecond: 33, burst: 1_000 },
  handshakeMsMax: 10_000,
  // As long as gRPC's own servers wait; a client that comes back pays one handshake.
  idleMsMax: 300_000,
  requestMsMax: 30_000,
  callMsMax: 60_000,
  headerBytesMax: 16_384,
  // Sixteen boxes of the greatest length, or sixteen pages of the longest list.
  heldBytesMax: 16_777_216,
};

/** Far above what a terminal or a person asks for; a program in a loop meets it. */
export const DEFAULT_CALL_RATE: Rate = { perSecond: 200, burst: 1_000 };

/**
 * Streams that a client may open and reset: so many at once, then so many a second; then the
 * connection ends, with all of its streams. Node's default is for those who make calls of their
 * own. Who carries the calls of many (a relay, a proxy) cancels for all of them at once when one of
 * them goes away, and would take the others down.
 */
const BULK_RESETS = { streamResetBurst: 100_000, streamResetRate: 10_000 };

/**
 * The limits in the words of node:http2.
 *
 * @param messageBytesMax of the method with the longest messages: one may be on the way.
 * @param of.isShared whether a connection is that of a machine, or of many, and of no identity.
 */
export function http2Options(
  limits: ServerLimits,
  messageBytesMax: number,
  { isBulk, isShared }: { readonly isBulk: boolean; readonly isShared: boolean },
): Http2ServerOptions {
  return {
    // Megabytes that one connection's streams take together, beyond what `heldBytesMax` counts.
    maxSessionMemory: 32,
    maxHeaderListPairs: 64,
    maxSendHeaderBlockLength: limits.headerBytesMax,
    ...(isBulk ? BULK_RESETS : {}),
    settings: {
      maxConcurrentStreams: isShared
        ? limits.sharedStreamsPerConnectionMax
        : limits.streamsPerConnectionMax,
      maxHeaderListSize: limits.headerBytesMax,
      initialWindowSize: Math.max(65_535, messageBytesMax),
      enablePush: false,
    },
  };
}

/** The limits in the words of node:http. */
export function http1Options(limits: ServerLimits): ServerOptions {
  return {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.handshakeMsMax,
    requestTimeout: limits.requestMsMax,
    connectionsCheckingInterval: 5_000,
  };
}
