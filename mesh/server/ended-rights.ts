import type { TLSSocket } from "node:tls";
import type { Timer } from "../clock.ts";
import { connectionPeer } from "../identity/caller.ts";
import type { Identity } from "../identity/identity.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Connection } from "./connections.ts";

/** How often it is looked; the deny list is read again as often. */
const LOOK_MS = 10_000;

/**
 * Ends the connections of peers that would not be let in any more: the certificate is over, or the
 * identity is denied. TLS itself asks once, in the handshake.
 */
export class EndedRights implements Disposable {
  readonly #around: Pick<Surroundings, "clock" | "log">;
  readonly #identity: Pick<Identity, "denied">;
  readonly #peers = new Map<TLSSocket, Connection>();
  #timer: Timer;

  constructor(identity: Pick<Identity, "denied">, around: Pick<Surroundings, "clock" | "log">) {
    this.#identity = identity;
    this.#around = around;
    this.#timer = this.#planLook();
  }

  /** @returns false when this peer has no right to be here; it has to go then. */
  admit(socket: TLSSocket, connection: Connection): boolean {
    if (this.#endingOf(socket) !== undefined) return false;
    this.#peers.set(socket, connection);
    socket.on("close", () => this.#peers.delete(socket));
    return true;
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #planLook(): Timer {
    return this.#around.clock.timer(LOOK_MS, () => {
      this.#timer = this.#planLook();
      this.#look();
    });
  }

  #look(): void {
    for (const [socket, connection] of [...this.#peers]) {
      const why = this.#endingOf(socket);
      if (why === undefined) continue;
      const { identity } = connectionPeer(socket);
      const facts = { peerIdentity: identity };
      this.#around.log.security("rights_ended", `connection ended: ${why}`, facts);
      connection.leave("unwelcome");
    }
  }

  #endingOf(socket: TLSSocket): string | undefined {
    const { identity, notAfterMs } = connectionPeer(socket);
    if (this.#around.clock.nowMs() > notAfterMs) return "the certificate is over";
    const isDenied = identity !== undefined && this.#identity.denied.has(identity);
    return isDenied ? "the identity is denied" : undefined;
  }
}
