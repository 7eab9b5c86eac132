/** First bytes of every HTTP/2 connection (RFC 9113, 3.4). */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Frame types and flags of RFC 9113, section 6, that tests write byte by byte. */
export const FRAME = { data: 0, headers: 1, rstStream: 3, settings: 4, goaway: 7 } as const;
export const FLAG = { endStream: 1, endHeaders: 4 } as const;

/** One HTTP/2 frame. @param stream 0 for the connection. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.byteLength, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** Preface and an empty SETTINGS: what a client says before its first request. */
export const GREETING = Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, Buffer.alloc(0))]);

/** HEADERS of a request that goes on. @param fields names and values in order. */
export function request(
  path: string,
  fields: Readonly<Record<string, string>> = {},
  stream = 1,
): Buffer {
  const all = {
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
    ...fields,
  };
  return frame(FRAME.headers, FLAG.endHeaders, stream, headerBlock(all));
}

/** Fields as literals without a table (RFC 7541, 6.2.2): every byte as it is written here. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const literals = Object.entries(fields).flatMap(([name, value]) => [
    Buffer.of(0),
    text(name),
    text(value),
  ]);
  return Buffer.concat(literals);
}

/** RST_STREAM with CANCEL. */
export function reset(stream = 1): Buffer {
  return frame(FRAME.rstStream, 0, stream, Buffer.from("00000008", "hex"));
}

/** DATA on stream 0, which ends the connection with PROTOCOL_ERROR. */
export const END_OF_CONNECTION = frame(FRAME.data, 0, 0, Buffer.of(0));

/** A length in seven bits, then the bytes. @throws Error for 127 bytes or more. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.byteLength >= 127) throw new Error("bug: a header of 127 bytes or more");
  return Buffer.concat([Buffer.of(bytes.byteLength), bytes]);
}
