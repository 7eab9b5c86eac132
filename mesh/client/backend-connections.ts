import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "../clock.ts";
import { type ServerProof, tlsOptions } from "../identity/identity-credentials.ts";
import { GRPC_CONTENT_TYPE } from "../stream/grpc-trailers.ts";
import { type Address, addressesOf } from "./backends.ts";

/** How old the answer of the name server may be. */
const LOOK_UP_AGE_MS_MAX = 5_000;
/** A backend that does not take the connection for so long is tried no further. */
const CONNECT_MS_MAX = 5_000;
/** What may be on the way to this side, per stream: one long batch. */
const WINDOW_BYTES = 1_048_576;

/**
 * One HTTP/2 connection per backend, for streams. Each new stream goes to the next backend; a
 * backend that cannot be reached fails that stream, and the next attempt meets the next backend.
 */
export class BackendConnections implements Disposable {
  readonly #targets: readonly Address[];
  readonly #proof: ServerProof | undefined;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, ClientHttp2Session>();
  #addresses: readonly Address[] = [];
  #lookedUpMs = Number.NEGATIVE_INFINITY;
  #next = 0;
  #isClosed = false;

  constructor(targets: readonly Address[], proof: ServerProof | undefined, clock: Clock) {
    this.#targets = targets;
    this.#proof = proof;
    this.#clock = clock;
  }

  /** @throws ConnectError UNAVAILABLE when no backend can be reached. */
  async request(
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<ClientHttp2Stream> {
    const address = await this.#pick();
    if (this.#isClosed) throw new ConnectError("the channel is closed", Code.Unavailable);
    return this.#session(address).request({
      ...headers,
      ":method": "POST",
      ":path": path,
      "content-type": GRPC_CONTENT_TYPE,
      te: "trailers",
    });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const session of this.#sessions.values()) session.destroy();
  }

  async #pick(): Promise<Address> {
    if (this.#clock.monotonicMs() - this.#lookedUpMs > LOOK_UP_AGE_MS_MAX) {
      const found = await Promise.allSettled(this.#targets.map(addressesOf));
      const addresses = found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
      // With a name server that is away for a while, what is known goes on.
      if (addresses.length > 0) this.#addresses = addresses;
      this.#lookedUpMs = this.#clock.monotonicMs();
    }
    const address = this.#addresses[this.#next % this.#addresses.length];
    this.#next += 1;
    if (address === undefined) throw new ConnectError("no backend is known", Code.Unavailable);
    return address;
  }

  #session(address: Address): ClientHttp2Session {
    const key = `${address.host}:${address.port}`;
    const known = this.#sessions.get(key);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = this.#open(address);
    this.#sessions.set(key, session);
    const forget = () => {
      if (this.#sessions.get(key) === session) this.#sessions.delete(key);
    };
    session.on("goaway", forget);
    session.on("close", forget);
    session.on("error", forget);
    return session;
  }

  #open(address: Address): ClientHttp2Session {
    const proof = this.#proof;
    const host = address.host.includes(":") ? `[${address.host}]` : address.host;
    const scheme = proof === undefined ? "http" : "https";
    const session = connectHttp2(`${scheme}://${host}:${address.port}`, {
      createConnection: () =>
        proof === undefined
          ? connectTcp({ ...address, noDelay: true })
          : connectTls({ ...address, ...tlsOptions(proof) }).setNoDelay(true),
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    const timer = this.#clock.timer(CONNECT_MS_MAX, () => {
      session.destroy(new Error("no connection in time"), constants.NGHTTP2_CONNECT_ERROR);
    });
    session.on("connect", () => timer.cancel());
    session.on("close", () => timer.cancel());
    return session;
  }
}
