import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock, Timer } from "../clock.ts";
import type { ServerLimits } from "./server-limits.ts";

/**
 * The times that a server sets to a call of the general path, whatever its caller grants: for the
 * one message of its request to arrive, and for a unary method to answer. Streams have others.
 */
export class CallTime implements Disposable {
  readonly #over = new AbortController();
  readonly #timers: Timer[] = [];
  readonly #request: AbortSignal;
  #bodyTimer: Timer | undefined;

  /** @param request aborted when the client goes away. */
  constructor(
    { methodKind }: DescMethod,
    request: AbortSignal,
    limits: ServerLimits,
    clock: Clock,
  ) {
    this.#request = request;
    const end = (message: string) => {
      this.#over.abort(new ConnectError(message, Code.DeadlineExceeded));
    };
    request.addEventListener("abort", this.#gone);
    if (request.aborted) this.#gone();
    if (methodKind === "unary" || methodKind === "server_streaming") {
      const late = () => end("the request did not arrive in time");
      this.#bodyTimer = clock.timer(limits.requestMsMax, late);
      this.#timers.push(this.#bodyTimer);
    }
    if (methodKind === "unary") {
      const late = () => end("the answer was not there in time");
      this.#timers.push(clock.timer(limits.callMsMax, late));
    }
  }

  /** Aborted with DEADLINE_EXCEEDED when a time is over, or as `request` is. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** The body as it comes; it fails when the time for it is over. */
  async *whileThereIs(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const chunks = body[Symbol.asyncIterator]();
    const { promise: over, reject } = Promise.withResolvers<never>();
    over.catch(() => undefined);
    const fail = () => reject(this.signal.reason);
    this.signal.addEventListener("abort", fail);
    if (this.signal.aborted) fail();
    try {
      for (;;) {
        const chunk = await Promise.race([chunks.next(), over]);
        if (chunk.done === true) break;
        yield chunk.value;
      }
      this.#bodyTimer?.cancel();
    } finally {
      this.signal.removeEventListener("abort", fail);
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer.cancel();
    this.#request.removeEventListener("abort", this.#gone);
  }

  readonly #gone = () => this.#over.abort(this.#request.reason);
}
