import { Code, ConnectError } from "@connectrpc/connect";
import { ReaderService } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { type MeshService, service } from "../../mesh/service.ts";
import type { ReaderDevice } from "../reader-device.ts";
import type { SessionParts } from "./terminal-handshake.ts";
import { TerminalSession } from "./terminal-session.ts";

/** One terminal needs one; a handshake costs a reader 50 ms, so strangers get few at a time. */
const SESSIONS_MAX = 8;

/** `ReaderService.Session`: each stream is one Salt Channel session. */
export function readerService(device: ReaderDevice, parts: SessionParts): MeshService {
  /** In the order in which they began, with the address of their terminal. */
  const sessions = new Map<TerminalSession, string>();
  return service(ReaderService, {
    session(stream) {
      if (sessions.size >= SESSIONS_MAX && !makeRoom(sessions)) {
        stream.end(new ConnectError("too many sessions", Code.ResourceExhausted));
        return;
      }
      const session = new TerminalSession(stream, device, parts);
      sessions.set(session, hostOf(stream.peer.address));
      stream.signal.addEventListener("abort", () => sessions.delete(session));
    },
  });
}

/**
 * Ends the oldest handshake of the address that has most under way. So a neighbour that opens
 * sessions and says nothing takes its own places, and the paired terminal keeps the one it needs.
 *
 * @returns false when every session is open.
 */
function makeRoom(sessions: Map<TerminalSession, string>): boolean {
  const oldest = new Map<string, { readonly session: TerminalSession; count: number }>();
  for (const [session, host] of sessions) {
    if (session.isOpen) continue;
    const known = oldest.get(host);
    if (known === undefined) oldest.set(host, { session, count: 1 });
    else known.count += 1;
  }
  const [busiest] = [...oldest.values()].sort((left, right) => right.count - left.count);
  if (busiest === undefined) return false;
  sessions.delete(busiest.session);
  busiest.session.giveWay();
  return true;
}

/** "10.0.0.1:50312" without the port, which a client draws anew each time. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, "");
}
