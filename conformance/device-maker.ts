import { join } from "node:path";
import type { SignedEnvelope } from "../gen/cardlane/keys/v1/keys_pb.ts";
import {
  type Agreement,
  generateAgreement,
  generateSigner,
  type Signer,
} from "../sealing/curves/curves.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import {
  issueReaderCertificate,
  issueRelayCertificate,
  issueTerminalCertificate,
} from "../sealing/keys/issue-certificates.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { ROOT_SIGNATURES_MIN } from "../sealing/keys/trusted-roots.ts";
import { deriveInitialKey } from "../sealing/pin/dukpt.ts";
import type { Random } from "../sealing/random.ts";

export interface ReaderKeys {
  readonly certificate: SignedEnvelope;
  readonly serial: string;
  readonly identity: Signer;
  readonly signing: Signer;
  /** 8 bytes. */
  readonly dukptInitialKeyId: Uint8Array;
  /** 16 bytes. */
  readonly dukptInitialKey: Uint8Array;
}

export interface TerminalKeys {
  readonly certificate: SignedEnvelope;
  readonly terminalId: string;
  readonly merchantId: string;
  readonly identity: Signer;
  readonly signing: Signer;
}

export interface RelayKeys {
  readonly certificate: SignedEnvelope;
  readonly relayId: string;
  readonly hop: Agreement;
  readonly signing: Signer;
}

/** What a device made here is good for. */
const VALIDITY_MS = 30 * 86_400_000;
/** Clocks of two programs may differ. */
const SKEW_MS = 3_600_000;

/** Makes further devices in a development mesh, which keeps its roots beside its other keys. */
export class DeviceMaker {
  readonly #directory: string;
  readonly #nowMs: number;
  readonly #random: Random;

  /** @param options.directory a sub-folder for each program, and `roots`. */
  constructor(options: {
    readonly directory: string;
    readonly nowMs: number;
    readonly random: Random;
  }) {
    this.#directory = options.directory;
    this.#nowMs = options.nowMs;
    this.#random = options.random;
  }

  reader(serial: string): ReaderKeys {
    const identity = this.#newSigner();
    const signing = this.#newSigner();
    const dukptInitialKeyId = this.#random.bytes(8);
    const body = {
      ...this.#validity(),
      serial,
      model: "Another simulated reader",
      dukptInitialKeyId,
      identityKey: identity.publicKey,
      signingKey: signing.publicKey,
    };
    const certificate = issueReaderCertificate(body, this.#rootSigners("vendor-root"));
    const baseDerivationKey = this.#folder("pin-service").readKey("base-derivation");
    const dukptInitialKey = deriveInitialKey(baseDerivationKey, dukptInitialKeyId);
    return { certificate, serial, identity, signing, dukptInitialKeyId, dukptInitialKey };
  }

  terminal(terminalId: string, merchantId: string): TerminalKeys {
    const identity = this.#newSigner();
    const signing = this.#newSigner();
    const body = {
      ...this.#validity(),
      terminalId,
      merchantId,
      merchantName: "Another Merchant",
      country: 276,
      merchantCategoryCode: 5812,
      identityKey: identity.publicKey,
      signingKey: signing.publicKey,
    };
    const certificate = issueTerminalCertificate(body, this.#rootSigners("acquirer-root"));
    return { certificate, terminalId, merchantId, identity, signing };
  }

  relay(relayId: string): RelayKeys {
    const { agreement: hop } = generateAgreement({ curves, random: this.#random });
    const signing = this.#newSigner();
    const body = {
      ...this.#validity(),
      relayId,
      hopKey: hop.publicKey,
      signingKey: signing.publicKey,
    };
    const certificate = issueRelayCertificate(body, this.#rootSigners("acquirer-root"));
    return { certificate, relayId, hop, signing };
  }

  #folder(program: "pin-service" | "roots"): KeyFolder {
    return new KeyFolder(join(this.#directory, program));
  }

  #rootSigners(purpose: "vendor-root" | "acquirer-root"): readonly Signer[] {
    const keys = this.#folder("roots").readKeys(purpose);
    return keys.slice(0, ROOT_SIGNATURES_MIN).map(({ secretKey }) => curves.signer(secretKey));
  }

  #newSigner(): Signer {
    return generateSigner({ curves, random: this.#random }).signer;
  }

  #validity() {
    return {
      version: 1,
      notBeforeMs: BigInt(this.#nowMs - SKEW_MS),
      notAfterMs: BigInt(this.#nowMs + VALIDITY_MS),
      development: true,
    };
  }
}
