import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import type { DescMethod } from "@bufbuild/protobuf";
import { lengthPrefixed, pathOf } from "../wire/grpc-calls.ts";
import type { Lines } from "./line.ts";

/** After a connection that could not be made: otherwise the attacker only spins. */
const AFTER_REFUSAL_MS = 50;
/** Longer than this no attacker waits for one answer. */
const ANSWER_MS_MAX = 10_000;

/** Calls in earnest, by an attacker who never backs off. */
export class Caller {
  readonly #lines: Lines;
  readonly #sessions: (Promise<ClientHttp2Session> | undefined)[];
  #next = 0;

  /** @param connections over how many the calls are spread. */
  constructor(lines: Lines, connections: number) {
    this.#lines = lines;
    this.#sessions = Array.from({ length: connections });
  }

  /** @returns the gRPC status as a word; "no answer" where the connection ended first. */
  async call(method: DescMethod, message: Uint8Array): Promise<string> {
    const stream = await this.open(method, message);
    if (stream === undefined) return NO_ANSWER;
    const { clock } = this.#lines.target;
    using _patience = clock.timer(ANSWER_MS_MAX, () => stream.close());
    stream.resume();
    return await statusOf(stream);
  }

  /** A call that has begun; undefined where no connection could be made. */
  async open(method: DescMethod, message: Uint8Array): Promise<ClientHttp2Stream | undefined> {
    const session = await this.#session();
    if (session.destroyed || session.closed) return undefined;
    const stream = session.request({
      ":method": "POST",
      ":path": pathOf(method),
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("error", () => undefined); // "close" follows, and that is what is looked at.
    stream.end(lengthPrefixed(message));
    return stream;
  }

  /** The next connection in turn; a new one in place of one that ended. */
  async #session(): Promise<ClientHttp2Session> {
    this.#next = (this.#next + 1) % this.#sessions.length;
    const place = this.#next;
    const known = this.#sessions[place];
    const session = await known;
    if (session !== undefined && !session.destroyed && !session.closed) return session;
    // Of many that come here together one makes the connection.
    const another = this.#sessions[place];
    const made = another === undefined || another === known ? this.#connect() : another;
    this.#sessions[place] = made;
    return await made;
  }

  async #connect(): Promise<ClientHttp2Session> {
    const socket = await this.#lines.socket();
    const isThere = !socket.destroyed;
    if (!isThere) await this.#lines.target.clock.sleep(AFTER_REFUSAL_MS);
    const session = connect("http://localhost", { createConnection: () => socket });
    session.on("error", () => undefined);
    session.on("goaway", () => session.close());
    if (!isThere) session.destroy();
    return session;
  }
}

/** In place of a status. */
export const NO_ANSWER = "no answer";

const STATUS_WORDS: Readonly<Record<string, string>> = {
  "0": "OK",
  "3": "INVALID_ARGUMENT",
  "7": "PERMISSION_DENIED",
  "8": "RESOURCE_EXHAUSTED",
  "9": "FAILED_PRECONDITION",
  "14": "UNAVAILABLE",
};

/** When the call is over. @returns as `call` does. */
export async function statusOf(stream: ClientHttp2Stream): Promise<string> {
  let status: string | undefined;
  const look = (headers: { readonly [name: string]: unknown }) => {
    const given = headers["grpc-status"];
    if (given !== undefined) status = STATUS_WORDS[String(given)] ?? `status ${String(given)}`;
  };
  stream.on("response", look);
  stream.on("trailers", look);
  if (!stream.closed) await once(stream, "close").catch(() => undefined);
  return status ?? NO_ANSWER;
}
