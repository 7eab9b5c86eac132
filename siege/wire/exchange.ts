import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { splitTarget } from "../../mesh/client/backends.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { IdentityPem } from "../../mesh/identity/identity.ts";

/** How a connection is left: "silence" says nothing more and stays. */
export type Ending = "end" | "reset" | "answer" | "silence";

/** Everything that one connection says. */
export interface Exchange {
  /** Each is a segment of its own, as far as the system lets it be. */
  readonly pieces: readonly Buffer[];
  readonly ending: Ending;
}

/** TLS as a client; without `pem` it shows no certificate. */
export interface TlsEntrance {
  readonly pem: IdentityPem | undefined;
  /** ["h2"], ["http/1.1"] or none. */
  readonly protocols: readonly string[];
}

/** Nobody owes an attacker an answer; so long is waited for one. */
const ANSWER_MS_MAX = 150;
const CONNECT_MS_MAX = 5_000;
/** Turns of the event loop after which two pieces are two segments. */
const TURNS_BETWEEN = 2;

/**
 * Opens a connection and says everything. What comes back is read and judged by nobody here.
 *
 * @returns the connection, which only "silence" leaves open, and the answer as far as it was
 *   waited for.
 */
export async function exchange(
  address: string,
  { pieces, ending }: Exchange,
  options: { readonly tls?: TlsEntrance | undefined; readonly clock: Clock },
): Promise<{ readonly socket: Socket; readonly answer: readonly Buffer[] }> {
  const { socket, tcp } = await open(address, options.tls, options.clock);
  const answer: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => answer.push(bytes));
  for (const piece of pieces) {
    if (socket.destroyed || !socket.writable) break;
    socket.write(piece);
    for (let turn = 0; turn < TURNS_BETWEEN; turn += 1) await nextTurn();
  }
  if (ending === "reset") tcp.resetAndDestroy();
  else await leave(socket, ending, options.clock);
  return { socket, answer };
}

/** A connection, and what is below it under TLS; in plaintext the same. */
interface OpenConnection {
  readonly socket: Socket;
  readonly tcp: Socket;
}

/** Resolves when it is connected, refused or not answered in time; the socket tells which. */
export async function open(
  address: string,
  tls: TlsEntrance | undefined,
  clock: Clock,
): Promise<OpenConnection> {
  const tcp = connect({ ...splitTarget(address), noDelay: true });
  // A server may end it at any moment: "close" follows, and that is what is looked at.
  tcp.on("error", () => tcp.destroy());
  await settled(tcp, "connect", CONNECT_MS_MAX, clock);
  if (tcp.connecting) tcp.destroy();
  if (tls === undefined || tcp.destroyed) return { socket: tcp, tcp };
  const socket = connectTls({
    socket: tcp,
    ALPNProtocols: [...tls.protocols],
    // It is the attacker's own affair whom it speaks to.
    rejectUnauthorized: false,
    ...tls.pem,
  });
  socket.on("error", () => socket.destroy());
  await settled(socket, "secureConnect", CONNECT_MS_MAX, clock);
  return { socket, tcp };
}

async function leave(socket: Socket, ending: Ending, clock: Clock): Promise<void> {
  if (ending === "silence") return;
  if (ending === "end") socket.end();
  await settled(socket, ending === "end" ? "close" : "data", ANSWER_MS_MAX, clock);
  socket.destroy();
}

/** Resolves at the event, at the end of the connection, or when it is late. */
async function settled(socket: Socket, event: string, msMax: number, clock: Clock): Promise<void> {
  if (socket.destroyed) return;
  const waiting = new AbortController();
  using _patience = clock.timer(msMax, () => waiting.abort());
  const { signal } = waiting;
  const events = [event, "close"].map((name) => once(socket, name, { signal }));
  // An error is a "close" as well; being late is no error here.
  await Promise.race(events.map((one) => one.catch(() => undefined)));
  waiting.abort();
}
