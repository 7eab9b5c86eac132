import type { SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import type { SessionRequest } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { SaltChannel } from "../../salt/channel.ts";
import {
  type SaltClientKeyed,
  type SaltClientStarted,
  startSaltClient,
} from "../../salt/client.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { Curves, Signer } from "../../sealing/curves/curves.ts";
import {
  type CheckedReaderCertificate,
  type CheckedTerminalCertificate,
  verifyTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";
import type { Random } from "../../sealing/random.ts";
import type { ReaderStore } from "../reader-store.ts";

/** What a reader meets a terminal with. */
export interface SessionParts extends Pick<Surroundings, "clock" | "log"> {
  /** The reader's certificate as it was issued, and what it says. */
  readonly envelope: SignedEnvelope;
  readonly certificate: CheckedReaderCertificate;
  readonly store: ReaderStore;
  readonly manifest: KeptManifest;
  readonly roots: TrustedRoots;
  readonly curves: Curves;
  readonly random: Random;
  /** `reader_identity`. */
  readonly identity: Signer;
}

/** A terminal that the reader may show itself to. */
interface AcceptedTerminal {
  /** To be sent first: until now the reader has not said who it is. */
  readonly m4: Uint8Array;
  readonly channel: SaltChannel;
  readonly terminal: CheckedTerminalCertificate;
}

/** What the reader waits for next. */
type Awaited =
  | { readonly name: "M2"; readonly salt: SaltClientStarted }
  | { readonly name: "certificate"; readonly salt: SaltClientKeyed }
  | {
      readonly name: "M3";
      readonly salt: SaltClientKeyed;
      readonly terminal: CheckedTerminalCertificate;
    }
  | { readonly name: "nothing" };

/**
 * The reader's side of the handshake with a terminal: M1, then M2, certificate and M3 in this
 * order, then M4. After an error it is of no further use.
 */
export class TerminalHandshake {
  readonly m1: Uint8Array;
  readonly #parts: SessionParts;
  #awaited: Awaited;

  constructor(parts: SessionParts) {
    const { curves, random, clock, identity: signer } = parts;
    const salt = startSaltClient({ curves, random, signer, nowMs: clock.monotonicMs() });
    this.#parts = parts;
    this.#awaited = { name: "M2", salt };
    this.m1 = salt.m1;
  }

  /**
   * @returns the terminal after M3, undefined before.
   * @throws Error for the security log: the terminal hears of every refusal in the same words.
   */
  receive(frame: SessionRequest["frame"]): AcceptedTerminal | undefined {
    const awaited = this.#awaited;
    const nowMs = this.#parts.clock.monotonicMs();
    this.#awaited = { name: "nothing" };
    if (awaited.name === "M2" && frame.case === "salt") {
      this.#awaited = { name: "certificate", salt: awaited.salt.receiveM2(frame.value, nowMs) };
      return undefined;
    }
    if (awaited.name === "certificate" && frame.case === "terminalCertificate") {
      const terminal = this.#checkTerminal(frame.value);
      this.#awaited = { name: "M3", salt: awaited.salt, terminal };
      return undefined;
    }
    if (awaited.name === "M3" && frame.case === "salt") {
      return this.#accept(awaited.salt, awaited.terminal, frame.value);
    }
    throw new Error(`awaited ${awaited.name}`);
  }

  /** Before M3, so that an unknown terminal does not even cost a check of its channel signature. */
  #checkTerminal(envelope: SignedEnvelope): CheckedTerminalCertificate {
    const { curves, roots, clock, manifest, store } = this.#parts;
    const terminal = verifyTerminalCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
    if (manifest.isRevoked(terminal.id)) throw new Error("terminal certificate revoked");
    if (store.merchantId !== undefined && store.merchantId !== terminal.merchantId) {
      throw new Error("paired with another merchant");
    }
    return terminal;
  }

  #accept(
    salt: SaltClientKeyed,
    terminal: CheckedTerminalCertificate,
    packet: Uint8Array,
  ): AcceptedTerminal {
    const { clock } = this.#parts;
    const identified = salt.receiveM3(packet, clock.monotonicMs());
    if (!equalBytes(identified.serverPublicKey, terminal.identity.publicKey)) {
      throw new Error("M3 by another key than the certificate's");
    }
    return { ...identified.acceptServer(clock.monotonicMs()), terminal };
  }
}
