import { Code, ConnectError } from "@connectrpc/connect";
import { ReaderService } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { type MeshService, service } from "../mesh/service.ts";
import { TerminalSession, type TerminalSessionOptions } from "./terminal-session.ts";

/** One terminal needs one; a handshake costs a reader 50 ms, so strangers get few at a time. */
const SESSIONS_MAX = 8;

/** `ReaderService.Session`: each stream is one Salt Channel session. */
export function readerService(options: TerminalSessionOptions): MeshService {
  let sessionCount = 0;
  return service(ReaderService, {
    session(stream) {
      if (sessionCount >= SESSIONS_MAX) {
        stream.end(new ConnectError("too many sessions", Code.ResourceExhausted));
        return;
      }
      sessionCount += 1;
      stream.signal.addEventListener("abort", () => {
        sessionCount -= 1;
      });
      new TerminalSession(stream, options);
    },
  });
}
