import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type DelegatedManifest,
  DelegatedManifestSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { concatBytes } from "../bytes.ts";
import type { Curves } from "../curves/curves.ts";
import { type Manifest, verifyManifest } from "./manifest.ts";
import type { TrustedRoots } from "./trusted-roots.ts";

/** Where the newest manifest is kept. What `write` resolved for must survive a power cut. */
export interface ManifestFile {
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
}

/** When the manifest was accepted, Unix milliseconds, as u64 before it in the file. */
const acceptedAtBytes = 8;

/**
 * The newest key manifest that a reader or terminal has seen. It outlives restarts, so that nobody
 * can lead the device back to an older one with keys or certificates that were revoked since.
 */
export class KeptManifest {
  readonly #curves: Curves;
  readonly #roots: TrustedRoots;
  readonly #file: ManifestFile;
  #newest: Manifest | undefined;

  private constructor(curves: Curves, roots: TrustedRoots, file: ManifestFile) {
    this.#curves = curves;
    this.#roots = roots;
    this.#file = file;
  }

  /** @throws PaymentError KEY_NOT_VALID when the file is damaged. */
  static async open(
    curves: Curves,
    roots: TrustedRoots,
    file: ManifestFile,
  ): Promise<KeptManifest> {
    const kept = new KeptManifest(curves, roots, file);
    const bytes = await file.read();
    if (bytes === undefined) return kept;
    const { acceptedAtMs, delegated } = storedManifest(bytes);
    // Verified as of then: an expired manifest is no good for sealing, but its number and its
    // revocations still count.
    kept.#newest = kept.#verify(delegated, acceptedAtMs);
    return kept;
  }

  /** Number of the newest manifest; 0 for none. */
  get number(): bigint {
    return this.#newest?.number ?? 0n;
  }

  /** The newest manifest, valid or expired. */
  get newest(): Manifest | undefined {
    return this.#newest;
  }

  /** The newest manifest. @throws PaymentError KEY_NOT_VALID when there is none that is valid. */
  validAt(nowMs: number): Manifest {
    if (this.#newest === undefined || !this.#newest.isValidAt(nowMs)) {
      throw new PaymentError("KEY_NOT_VALID", "there is no valid key manifest");
    }
    return this.#newest;
  }

  isRevoked(certificateId: Uint8Array): boolean {
    return this.#newest?.isRevoked(certificateId) ?? false;
  }

  /**
   * Takes a newer manifest, durably.
   *
   * @returns false for the one that is already here.
   * @throws PaymentError KEY_NOT_VALID when it does not verify, has expired, or its number is
   *   lower.
   */
  async offer(delegated: DelegatedManifest | undefined, nowMs: number): Promise<boolean> {
    const offered = this.#verify(delegated, nowMs);
    if (offered.number === this.number) return false;
    const acceptedAt = Buffer.alloc(acceptedAtBytes);
    acceptedAt.writeBigUInt64BE(BigInt(Math.floor(nowMs)));
    const bytes = toBinary(DelegatedManifestSchema, offered.delegated);
    await this.#file.write(concatBytes(acceptedAt, bytes));
    this.#newest = offered;
    return true;
  }

  #verify(delegated: DelegatedManifest | undefined, nowMs: number): Manifest {
    const [curves, roots, lowestNumber] = [this.#curves, this.#roots, this.number];
    return verifyManifest({ curves, roots, delegated, nowMs, lowestNumber });
  }
}

/** @throws PaymentError KEY_NOT_VALID. */
function storedManifest(bytes: Uint8Array) {
  try {
    const acceptedAtMs = Number(Buffer.from(bytes).readBigUInt64BE(0));
    const delegated = fromBinary(DelegatedManifestSchema, bytes.subarray(acceptedAtBytes));
    return { acceptedAtMs, delegated };
  } catch (cause) {
    throw new PaymentError("KEY_NOT_VALID", "the stored key manifest is damaged", { cause });
  }
}
