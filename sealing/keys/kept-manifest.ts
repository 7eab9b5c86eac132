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

interface KeptManifestOptions {
  readonly curves: Curves;
  readonly roots: TrustedRoots;
  readonly file: ManifestFile;
}

/** When the manifest was accepted, Unix milliseconds, as u64 before it in the file. */
const acceptedAtBytes = 8;

/**
 * The newest key manifest that a reader or terminal has seen. It outlives restarts, so that nobody
 * can lead the device back to an older one with keys or certificates that were revoked since.
 */
export class KeptManifest {
  readonly #options: KeptManifestOptions;
  #newest: Manifest | undefined;

  private constructor(options: KeptManifestOptions, newest: Manifest | undefined) {
    this.#options = options;
    this.#newest = newest;
  }

  /** @throws PaymentError KEY_NOT_VALID when the file is damaged. */
  static async open(options: KeptManifestOptions): Promise<KeptManifest> {
    const bytes = await options.file.read();
    if (bytes === undefined) return new KeptManifest(options, undefined);
    const { acceptedAtMs, delegated } = storedManifest(bytes);
    // Verified as of then: an expired manifest is no good for sealing, but its number and its
    // revocations still count.
    const { curves, roots } = options;
    const check = { curves, roots, delegated, nowMs: acceptedAtMs, lowestNumber: 0n };
    return new KeptManifest(options, verifyManifest(check));
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
    const { curves, roots, file } = this.#options;
    const lowestNumber = this.number;
    const offered = verifyManifest({ curves, roots, delegated, nowMs, lowestNumber });
    if (offered.number === lowestNumber) return false;
    const acceptedAt = Buffer.alloc(acceptedAtBytes);
    acceptedAt.writeBigUInt64BE(BigInt(Math.floor(nowMs)));
    await file.write(concatBytes(acceptedAt, toBinary(DelegatedManifestSchema, offered.delegated)));
    this.#newest = offered;
    return true;
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
