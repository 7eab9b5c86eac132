import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { CallKind } from "../limits/turns.ts";
import type { Surroundings } from "../surroundings.ts";
import { connectionOf } from "./connections.ts";

/** The arguments of the event "stream" of node:http2. */
type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void;

export interface StreamEntrance extends Pick<Surroundings, "log"> {
  /** Gets living streams only, whose errors are taken care of. */
  readonly onHttp2Stream: StreamListener;
  /** @param url of the request, as it came. */
  readonly kindOf: (url: string | undefined) => CallKind;
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
  const kind = entrance.kindOf(more[0][":path"]);
  const withdraw = connection.turns.enter(kind, (over) => {
    stream.on("close", over);
    open(stream, more, entrance);
  });
  stream.on("close", () => {
    withdraw();
    connection.end();
    // What dies with its connection has not been reset.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR && !session.destroyed) connection.offence();
  });
}

function open(stream: ServerHttp2Stream, more: More, { onHttp2Stream, log }: StreamEntrance): void {
  // Between its reset and its "close" there may be turns of the event loop.
  if (isOver(stream)) return;
  try {
    onHttp2Stream(stream, ...more);
    // It was half-closed while it waited, and nobody was there to hear it.
    if (stream.readableEnded) stream.emit("end");
  } catch (error) {
    log.failure("a stream failed when it was opened", error);
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** Ended or reset, whatever is still to come of it. */
function isOver({ session, destroyed, closed }: ServerHttp2Stream): boolean {
  return destroyed || closed || session === undefined || session.destroyed;
}
