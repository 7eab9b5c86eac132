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
