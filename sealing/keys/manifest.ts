import {
  type DelegatedManifest,
  type KeyManifest,
  KeyManifestSchema,
  KeyPurpose,
  ManifestDelegationSchema,
  type ManifestKey,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PaymentError } from "../../payment/errors.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { equalBytes } from "../bytes.ts";
import type { Curves, Verifier } from "../curves/curves.ts";
import { keyIdOf } from "../curves/hash.ts";
import { verifyThreshold } from "./dsse.ts";
import { ROOT_SIGNATURES_MIN, type TrustedRoots } from "./trusted-roots.ts";

/** A manifest may be used for seven days at most; a frozen one goes stale by itself. */
export const MANIFEST_LIFE_MS = 7 * 86_400_000;
const keysMax = 16;
const revocationsMax = 200;

/** A verified key manifest: which key of the processor is for what, and who is revoked. */
export class Manifest {
  readonly wire: KeyManifest;
  /** As it came, for passing on. */
  readonly delegated: DelegatedManifest;
  readonly #curves: Curves;
  readonly #revoked: ReadonlySet<string>;
  readonly #verifiers = new Map<string, Verifier>();

  constructor(options: { wire: KeyManifest; delegated: DelegatedManifest; curves: Curves }) {
    this.wire = options.wire;
    this.delegated = options.delegated;
    this.#curves = options.curves;
    this.#revoked = new Set(options.wire.revokedCertificateIds.map(hex));
  }

  get number(): bigint {
    return this.wire.number;
  }

  isValidAt(nowMs: number): boolean {
    return nowMs >= this.wire.issuedAtMs && nowMs <= this.wire.expiresAtMs;
  }

  /** @param certificateId 8 bytes. */
  isRevoked(certificateId: Uint8Array): boolean {
    return this.#revoked.has(hex(certificateId));
  }

  /**
   * The key to seal with now: of those valid, the one that came into use last.
   *
   * @throws PaymentError KEY_NOT_VALID when there is none.
   */
  currentKey(purpose: KeyPurpose, nowMs: number): ManifestKey {
    const usable = this.wire.keys
      .filter((key) => key.purpose === purpose && isValid(key, nowMs))
      .sort((a, b) => Number(b.notBeforeMs - a.notBeforeMs));
    const [current] = usable;
    if (current === undefined) {
      const name = enumName(KeyPurpose, purpose);
      throw new PaymentError("KEY_NOT_VALID", `manifest has no valid key of purpose ${name}`);
    }
    return current;
  }

  /** The key of that id, also when it has expired; undefined when the manifest does not list it. */
  findKey(purpose: KeyPurpose, keyId: Uint8Array): ManifestKey | undefined {
    return this.wire.keys.find((key) => key.purpose === purpose && equalBytes(key.keyId, keyId));
  }

  /** The verifier of a result key, imported once; undefined for a key that is not listed. */
  resultVerifier(keyId: Uint8Array): Verifier | undefined {
    const known = this.#verifiers.get(hex(keyId));
    if (known !== undefined) return known;
    const key = this.findKey(KeyPurpose.PROCESSOR_RESULT, keyId);
    if (key === undefined) return undefined;
    const verifier = this.#curves.verifier(key.publicKey);
    this.#verifiers.set(hex(keyId), verifier);
    return verifier;
  }
}

/**
 * Verifies root → delegation → manifest.
 *
 * @param options.lowestNumber number of the newest manifest seen before: a lower one is a rollback.
 * @throws PaymentError KEY_NOT_VALID whatever is wrong.
 */
export function verifyManifest(options: {
  readonly curves: Curves;
  readonly roots: TrustedRoots;
  readonly delegated: DelegatedManifest | undefined;
  readonly nowMs: number;
  readonly lowestNumber: bigint;
}): Manifest {
  try {
    return openManifest(options);
  } catch (cause) {
    throw new PaymentError("KEY_NOT_VALID", "key manifest rejected", { cause });
  }
}

function openManifest(options: Parameters<typeof verifyManifest>[0]): Manifest {
  const { curves, roots, delegated, nowMs, lowestNumber } = options;
  if (delegated === undefined) throw new Error("missing");
  const signer = openDelegation(options);
  const envelope = delegated.manifest;
  if (envelope === undefined) throw new Error("missing manifest");
  if (!verifyThreshold({ type: "manifest", envelope, trustedKeys: [signer], threshold: 1 })) {
    throw new Error("manifest signature");
  }
  const wire = strictDecode(KeyManifestSchema, envelope.payload, "manifest");
  if (wire.version !== 1) throw new Error("version");
  if (wire.number < 1n || wire.number < lowestNumber) throw new Error("number went back");
  if (nowMs > wire.expiresAtMs || nowMs < wire.issuedAtMs) throw new Error("dates");
  if (wire.expiresAtMs - wire.issuedAtMs > MANIFEST_LIFE_MS) throw new Error("lives too long");
  if (wire.development && !roots.isDevelopment) throw new Error("development");
  if (wire.keys.length < 1 || wire.keys.length > keysMax) throw new Error("number of keys");
  if (wire.revokedCertificateIds.length > revocationsMax) throw new Error("revocations");
  for (const key of wire.keys) requireConsistent(key);
  return new Manifest({ wire, delegated, curves });
}

function openDelegation(options: Parameters<typeof verifyManifest>[0]): Verifier {
  const { curves, roots, delegated, nowMs } = options;
  const envelope = delegated?.delegation;
  if (envelope === undefined) throw new Error("missing delegation");
  const isTrusted = verifyThreshold({
    type: "manifest-delegation",
    envelope,
    trustedKeys: roots.processor,
    threshold: ROOT_SIGNATURES_MIN,
  });
  if (!isTrusted) throw new Error("delegation signatures");
  const wire = strictDecode(ManifestDelegationSchema, envelope.payload, "delegation");
  if (wire.version !== 1) throw new Error("delegation version");
  if (nowMs < wire.notBeforeMs || nowMs > wire.notAfterMs) throw new Error("delegation dates");
  return curves.verifier(wire.signerKey);
}

function requireConsistent(key: ManifestKey): void {
  if (key.publicKey.length !== 32) throw new Error("key length");
  if (!equalBytes(keyIdOf(key.publicKey), key.keyId)) throw new Error("key id");
  if (key.purpose === KeyPurpose.UNSPECIFIED) throw new Error("purpose");
}

function isValid(key: ManifestKey, nowMs: number): boolean {
  return nowMs >= key.notBeforeMs && nowMs <= key.notAfterMs;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
