import type { Socket } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";
import { CallCredentials, ChannelCredentials, type experimental } from "@grpc/grpc-js";
import { matchesIdentity } from "../policy.ts";
import { type Identity, spiffeIdOf } from "./identity.ts";

/** What a client proves and what it wants proved. */
export interface ServerProof {
  readonly identity: Identity;
  /** SPIFFE URI of the server, or a pattern of one as in policy.ts. */
  readonly serverIdentity: string;
}

/**
 * Mutual TLS 1.3 for one connection, with the certificate that is current now. The server must have
 * the SPIFFE URI that is expected; host names in certificates mean nothing here.
 */
export function tlsOptions({ identity, serverIdentity }: ServerProof): ConnectionOptions {
  return {
    ...identity.pem,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["h2"],
    checkServerIdentity(_host, peer) {
      const spiffeId = spiffeIdOf(peer);
      if (spiffeId !== undefined && matchesIdentity(serverIdentity, spiffeId)) return undefined;
      return new Error(`server must be ${serverIdentity}, it is ${spiffeId ?? "nobody"}`);
    },
  };
}

/** The same for grpc-js. A rotation needs no restart: every connection asks anew. */
export class IdentityCredentials extends ChannelCredentials {
  readonly #proof: ServerProof;

  constructor(proof: ServerProof) {
    super();
    this.#proof = proof;
  }

  _isSecure(): boolean {
    return true;
  }

  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials: CallCredentials = CallCredentials.createEmpty(),
  ): experimental.SecureConnector {
    return {
      connect: (socket) => this.#connect(socket),
      waitForReady: async () => {},
      getCallCredentials: () => callCredentials,
      destroy() {},
    };
  }

  #connect(socket: Socket): Promise<experimental.SecureConnectResult> {
    return new Promise((resolve, reject) => {
      const secured = connect({ ...tlsOptions(this.#proof), socket }, () =>
        resolve({ socket: secured, secure: true }),
      );
      secured.on("error", reject);
    });
  }
}
