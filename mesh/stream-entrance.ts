import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { connectionOf } from "./connections.ts";
import type { Log } from "./log.ts";

/**
 * The arguments of the event "stream" of node:http2.
 *
 * @returns "brief" for a call that keeps its place among those of its peer until it is over.
 */
export type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => "brief" | "lasting";

export interface StreamEntrance {
  /** Gets living streams only, whose errors are taken care of. */
  readonly onHttp2Stream: StreamListener;
  readonly log: Log;
}

type More = Parameters<StreamListener> extends [unknown, ...infer Rest] ? Rest : never;

/**
 * Lets a new stream in when it is its turn, if its peer may have one more and it still lives then.
 *
 * The segment that opened a stream may have ended it, or its connection, before this is called.
 * Nobody may touch it then, and its error, which comes later, is nobody's.
 */
export function takeStream(stream: ServerHttp2Stream, more: More, entrance: StreamEntrance): void {
  stream.on("error", () => undefined);
  const { session } = stream;
  if (session === undefined || session.destroyed) return;
  const connection = connectionOf(session);
  if (isOver(stream)) {
    connection.offence();
    return;
  }
  if (!connection.begin()) {
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
    connection.offence();
    return;
  }
  const withdraw = connection.turns.enter((over) => {
    stream.on("close", over);
    if (open(stream, more, entrance) === "lasting") setImmediate(over);
  });
  stream.on("close", () => {
    withdraw();
    connection.end();
    // What dies with its connection has not been reset.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR && !session.destroyed) connection.offence();
  });
}

function open(
  stream: ServerHttp2Stream,
  more: More,
  { onHttp2Stream, log }: StreamEntrance,
): "brief" | "lasting" {
  // Between its reset and its "close" there may be turns of the event loop.
  if (isOver(stream)) return "lasting";
  try {
    const length = onHttp2Stream(stream, ...more);
    // It was half-closed while it waited, and nobody was there to hear it.
    if (stream.readableEnded) stream.emit("end");
    return length;
  } catch (error) {
    log.failure("a stream failed when it was opened", error);
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return "lasting";
  }
}

/** Ended or reset, whatever is still to come of it. */
function isOver({ session, destroyed, closed }: ServerHttp2Stream): boolean {
  return destroyed || closed || session === undefined || session.destroyed;
}
