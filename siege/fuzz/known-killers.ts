import type { Door } from "../doors.ts";
import type { Ending } from "../wire/exchange.ts";
import { callStart, pathOf } from "../wire/grpc-calls.ts";
import { grpcFields, headerBlock } from "../wire/hpack.ts";
import {
  connectionStart,
  FLAG,
  FRAME,
  frameBytes,
  type Http2Frame,
  uint32,
} from "../wire/http2-frames.ts";

/** One segment that ended a program once, and how the connection was left then. */
interface KnownKiller {
  readonly name: string;
  readonly segment: Buffer;
  /** "answer" by default. */
  readonly ending?: Ending;
}

/** Frames after which a server has to end the connection, in the segment that opens a stream. */
const FATAL_FRAMES: readonly { readonly name: string; readonly frame: Http2Frame }[] = [
  { name: "DATA on stream 0", frame: { type: FRAME.DATA, payload: Buffer.alloc(5) } },
  { name: "HEADERS on stream 0", frame: { type: FRAME.HEADERS } },
  { name: "a PING that is too short", frame: { type: FRAME.PING, payload: Buffer.alloc(7) } },
  { name: "SETTINGS of a wrong length", frame: { type: FRAME.SETTINGS, payload: uint32(1) } },
  {
    name: "a window that overflows",
    frame: { type: FRAME.WINDOW_UPDATE, payload: uint32(2 ** 31 - 1) },
  },
];

/** What every port of the mesh has to survive, for each of its streams and for an unknown path. */
export function knownKillers({ methods }: Door): readonly KnownKiller[] {
  const streams = methods.filter(({ methodKind }) => methodKind === "bidi_streaming").map(pathOf);
  const opened = streams.flatMap((path) =>
    FATAL_FRAMES.map(({ name, frame }) => ({
      name: `${name}, with ${path}`,
      segment: Buffer.concat([connectionStart(), callStart(1, path), frameBytes(frame)]),
    })),
  );
  const expecting = [...streams, "/nothing/Here"].map((path) => ({
    name: `a reset that follows "expect: 100-continue" at once, with ${path}`,
    segment: Buffer.concat([
      connectionStart(),
      callStart(1, path, [["expect", "100-continue"]]),
      frameBytes({ type: FRAME.RST_STREAM, streamId: 1, payload: uint32(8) }),
    ]),
  }));
  return [...opened, ...expecting, ...nameless(methods), ...pipelined(methods)];
}

/** A call that does not say which host it is meant for. */
function nameless(methods: Door["methods"]): readonly KnownKiller[] {
  const method = methods.find(({ methodKind }) => methodKind === "unary");
  if (method === undefined) return [];
  const path = pathOf(method);
  const fields = grpcFields(path).filter(([name]) => name !== ":authority");
  const headers = frameBytes({
    type: FRAME.HEADERS,
    flags: FLAG.END_HEADERS | FLAG.END_STREAM,
    streamId: 1,
    payload: headerBlock(fields),
  });
  return [
    {
      name: `HTTP/1.0 without a Host, to ${path}`,
      segment: Buffer.from(`POST ${path} HTTP/1.0\r\nContent-Type: application/json\r\n\r\n`),
    },
    {
      name: `HTTP/2 without an :authority, to ${path}`,
      segment: Buffer.concat([connectionStart(), headers]),
    },
  ];
}

/** A second request of HTTP/1.1 that waits for the first answer when the connection breaks. */
function pipelined(methods: Door["methods"]): readonly KnownKiller[] {
  const method = methods.find(({ methodKind }) => methodKind === "unary");
  if (method === undefined) return [];
  const get = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n`;
  const path = pathOf(method);
  return [
    {
      name: `a reset after two requests at once, the second to ${path}`,
      segment: Buffer.from(get("/nothing/Here") + get(path)),
      ending: "reset",
    },
  ];
}
