import { channel } from "node:diagnostics_channel";
import { type ClientHttp2Stream, constants } from "node:http2";

/**
 * Refuses what servers push. grpc-js allows pushes and has no option against them, and an error of
 * a pushed stream has nobody who listens: it would end the program. Node.js tells of each stream
 * before a byte of it is read.
 *
 * Idempotent, and of the whole process: no client of gRPC is pushed anything.
 */
export function refusePushedStreams(): void {
  STREAM_CREATED.unsubscribe(refuse);
  STREAM_CREATED.subscribe(refuse);
}

const STREAM_CREATED = channel("http2.client.stream.created");

function refuse(message: unknown): void {
  const { stream } = message as { readonly stream: ClientHttp2Stream };
  if (!isPushed(stream)) return;
  stream.on("error", () => undefined);
  stream.close(constants.NGHTTP2_REFUSED_STREAM);
}

/** Servers open streams with even numbers (RFC 9113, 5.1.1); ours have none yet. */
function isPushed({ id }: ClientHttp2Stream): boolean {
  return id !== undefined && id % 2 === 0;
}
