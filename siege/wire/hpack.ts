/** A header field: name and value. */
export type Field = readonly [string, string];

const PREFIX_MAX = 0x7f;
const CONTINUES = 0x80;

/**
 * A header block whose fields are all "literal without indexing, new name" (RFC 7541, 6.2.2), in
 * plain bytes: whatever is in them, nothing is remembered at the other side.
 */
export function headerBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

/** The headers of a gRPC call. @param path "/package.Service/Method" */
export function grpcFields(path: string, more: readonly Field[] = []): readonly Field[] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...more,
  ];
}

/** RFC 7541, 5.2, without Huffman's code. Latin-1, so that any byte can be asked for. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([prefixedInteger(bytes.byteLength), bytes]);
}

/** RFC 7541, 5.1, with a prefix of seven bits. */
function prefixedInteger(value: number): Buffer {
  if (value < PREFIX_MAX) return Buffer.of(value);
  const bytes = [PREFIX_MAX];
  let rest = value - PREFIX_MAX;
  for (; rest >= CONTINUES; rest = Math.floor(rest / CONTINUES)) {
    bytes.push((rest % CONTINUES) | CONTINUES);
  }
  return Buffer.from([...bytes, rest]);
}
