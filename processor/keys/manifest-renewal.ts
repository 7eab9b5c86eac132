import { create } from "@bufbuild/protobuf";
import {
  type DelegatedManifest,
  DelegatedManifestSchema,
  type KeyManifest,
  KeyManifestSchema,
  SignedEnvelopeSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { CLOCK_TOLERANCE_MS } from "../../payment/clock-difference.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import type { Curves } from "../../sealing/curves/curves.ts";
import { issueManifest } from "../../sealing/keys/issue-certificates.ts";
import type { KeyFolder } from "../../sealing/keys/key-files.ts";
import { MANIFEST_LIFE_MS, type Manifest, verifyManifest } from "../../sealing/keys/manifest.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";

/** A manifest with less time left than this is renewed. */
const LEFT_MS_MIN = 3 * 86_400_000;

const FILES = { delegation: "manifest-delegation.json", manifest: "manifest.json" } as const;

/** A renewal that failed is tried again after this long: it reads and writes files. */
const RETRY_MS = 60_000;

/** The processor's key manifest while it runs: renewed in time for as long as it is up. */
export class CurrentManifest {
  readonly #keys: ManifestFolder;
  readonly #onRenewalFailed: (error: unknown) => void;
  #latest: Manifest;
  #retryAtMs = 0;

  /** @param onRenewalFailed is told once a minute while the manifest in use is still good. */
  constructor(
    keys: ManifestFolder & { readonly nowMs: number },
    onRenewalFailed: (error: unknown) => void,
  ) {
    this.#keys = keys;
    this.#onRenewalFailed = onRenewalFailed;
    this.#latest = readOrRenewManifest(keys);
  }

  /** As it was when it was last asked for by time. */
  get latest(): Manifest {
    return this.#latest;
  }

  /** @throws Error when it is out of date and can not be renewed. */
  at(nowMs: number): Manifest {
    // Later than a pause is long is what a clock that was put back since has left.
    const pauseMs = this.#retryAtMs - nowMs;
    const isResting = pauseMs > 0 && pauseMs <= RETRY_MS;
    if (isRenewalDue(this.#latest.wire, nowMs) && !isResting) this.#renew(nowMs);
    return this.#latest;
  }

  #renew(nowMs: number): void {
    try {
      this.#latest = readOrRenewManifest({ ...this.#keys, nowMs });
    } catch (error) {
      if (!this.#latest.isValidAt(nowMs)) throw error;
      // Three days are left to put it right; until then every payment can go on.
      this.#retryAtMs = nowMs + RETRY_MS;
      this.#onRenewalFailed(error);
    }
  }
}

interface ManifestFolder {
  readonly folder: KeyFolder;
  readonly curves: Curves;
  readonly roots: TrustedRoots;
}

/**
 * The key manifest of the folder; when it has less than three days left, the next one with the same
 * keys and revocations, which is written there.
 *
 * @throws PaymentError KEY_NOT_VALID when it does not follow from the trusted roots.
 */
export function readOrRenewManifest(
  options: ManifestFolder & { readonly nowMs: number },
): Manifest {
  const { folder, nowMs } = options;
  const kept = create(DelegatedManifestSchema, {
    delegation: folder.readMessage(SignedEnvelopeSchema, FILES.delegation),
    manifest: folder.readMessage(SignedEnvelopeSchema, FILES.manifest),
  });
  const wire = strictDecode(KeyManifestSchema, payloadOf(kept), "manifest");
  if (!isRenewalDue(wire, nowMs)) {
    return verifyManifest({ ...options, delegated: kept, lowestNumber: wire.number });
  }
  // One that went out of date while the processor was off is continued, if it was ever a good one.
  const issuedAtMs = Number(wire.issuedAtMs);
  verifyManifest({ ...options, delegated: kept, nowMs: issuedAtMs, lowestNumber: wire.number });
  const delegated = renew(wire, kept, options);
  const manifest = verifyManifest({ ...options, delegated, lowestNumber: wire.number + 1n });
  if (delegated.manifest !== undefined) {
    folder.writeMessage(SignedEnvelopeSchema, FILES.manifest, delegated.manifest);
  }
  return manifest;
}

/** Soon over; or, made by a clock that was fast, not valid yet. */
function isRenewalDue({ issuedAtMs, expiresAtMs }: KeyManifest, nowMs: number): boolean {
  return Number(expiresAtMs) - nowMs < LEFT_MS_MIN || Number(issuedAtMs) > nowMs;
}

function renew(
  wire: KeyManifest,
  { delegation }: DelegatedManifest,
  options: { readonly folder: KeyFolder; readonly curves: Curves; readonly nowMs: number },
): DelegatedManifest {
  if (delegation === undefined) throw new Error("bug: a delegation was just read");
  const signer = options.curves.signer(options.folder.readKey("manifest-signer"));
  // So that a device whose clock is a little slow takes it at once.
  const issuedAtMs = BigInt(options.nowMs - CLOCK_TOLERANCE_MS);
  const expiresAtMs = issuedAtMs + BigInt(MANIFEST_LIFE_MS);
  return issueManifest(
    { ...wire, number: wire.number + 1n, issuedAtMs, expiresAtMs },
    signer,
    delegation,
  );
}

function payloadOf({ manifest }: DelegatedManifest): Uint8Array {
  return manifest?.payload ?? new Uint8Array();
}
