import type { Socket } from "node:net";
import { type CallCredentials, ChannelCredentials, type experimental } from "@grpc/grpc-js";

/** What passed on each connection up to a moment. */
type Passed = ReadonlyMap<Socket, { readonly read: number; readonly written: number }>;

/**
 * Credentials for grpc-js that know the connections made with them. Its channels have no other way
 * to leave one that is half-open but keepalive, which is off (channel-config.ts says why).
 */
export class Lines extends ChannelCredentials {
  readonly #credentials: ChannelCredentials;
  readonly #sockets = new Set<Socket>();

  constructor(credentials: ChannelCredentials) {
    super();
    this.#credentials = credentials;
  }

  /** To be compared with what is read and written later. */
  passed(): Passed {
    return new Map(
      [...this.#sockets].map((socket) => [
        socket,
        { read: socket.bytesRead, written: socket.bytesWritten },
      ]),
    );
  }

  /**
   * Ends the connections on which nothing was heard since `passed`. grpc-js fails what waited there
   * with UNAVAILABLE and connects anew.
   *
   * @param isAsked only those on which something was asked meanwhile.
   */
  leaveSilent(passed: Passed, { isAsked = false } = {}): void {
    for (const socket of this.#sockets) {
      const before = passed.get(socket) ?? { read: 0, written: 0 };
      const wasHeard = socket.bytesRead > before.read;
      const wasAsked = socket.bytesWritten > before.written;
      if (!wasHeard && (wasAsked || !isAsked)) socket.destroy();
    }
  }

  _isSecure(): boolean {
    return this.#credentials._isSecure();
  }

  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  _createSecureConnector(
    ...given: Parameters<ChannelCredentials["_createSecureConnector"]>
  ): experimental.SecureConnector {
    const connector = this.#credentials._createSecureConnector(...given);
    return {
      connect: (socket) => {
        this.#sockets.add(socket);
        socket.on("close", () => this.#sockets.delete(socket));
        return connector.connect(socket);
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: (): CallCredentials => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }
}
