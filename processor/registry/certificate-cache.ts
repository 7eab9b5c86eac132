import { fromBinary } from "@bufbuild/protobuf";
import { SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { Curves } from "../../sealing/curves/curves.ts";
import {
  type CertificateCheck,
  type CheckedReaderCertificate,
  type CheckedRelayCertificate,
  type CheckedTerminalCertificate,
  verifyReaderCertificate,
  verifyRelayCertificate,
  verifyTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";
import type { CertificateRow, RegistryStore } from "./registry-store.ts";

/** About 2 KB each. Beyond it everything is forgotten and read again as it is needed. */
const CERTIFICATES_MAX = 20_000;

/** Ids of the two certificates that a payment names, 8 bytes each. */
interface CertificateIds {
  readonly readerCertificateId: Uint8Array;
  readonly terminalCertificateId: Uint8Array;
}

/**
 * Verified certificates of registered devices, by certificate id. An id stands for one content, so
 * an entry is never out of date; whether the device may be used now is asked of the database each
 * time.
 */
export class CertificateCache {
  readonly #store: RegistryStore;
  readonly #curves: Curves;
  readonly #roots: TrustedRoots;
  readonly #readers = new Shelf(verifyReaderCertificate);
  readonly #terminals = new Shelf(verifyTerminalCertificate);

  constructor(store: RegistryStore, curves: Curves, roots: TrustedRoots) {
    this.#store = store;
    this.#curves = curves;
    this.#roots = roots;
  }

  /** Reads what is missing, in one statement for readers and one for terminals. */
  async load(wanted: readonly CertificateIds[]): Promise<void> {
    const readerIds = this.#readers.missing(wanted.map((ids) => ids.readerCertificateId));
    const terminalIds = this.#terminals.missing(wanted.map((ids) => ids.terminalCertificateId));
    if (readerIds.length > 0) {
      this.#readers.put(await this.#store.readerCertificates(readerIds));
    }
    if (terminalIds.length > 0) {
      this.#terminals.put(await this.#store.terminalCertificates(terminalIds));
    }
  }

  /** @throws PaymentError READER_UNKNOWN or CERTIFICATE_REJECTED. */
  reader(certificateId: Uint8Array, nowMs: number): CheckedReaderCertificate {
    const found = this.#readers.get(certificateId, this.#check(nowMs));
    if (found === undefined) throw new PaymentError("READER_UNKNOWN", "reader is not registered");
    return found;
  }

  /** @throws PaymentError TERMINAL_UNKNOWN or CERTIFICATE_REJECTED. */
  terminal(certificateId: Uint8Array, nowMs: number): CheckedTerminalCertificate {
    const found = this.#terminals.get(certificateId, this.#check(nowMs));
    if (found === undefined) {
      throw new PaymentError("TERMINAL_UNKNOWN", "terminal is not registered");
    }
    return found;
  }

  /**
   * The relay with this hop key, read anew: it is asked for once per stream.
   *
   * @throws PaymentError NOT_PERMITTED when it is not registered, CERTIFICATE_REJECTED.
   */
  async relay(hopKeyId: Uint8Array, nowMs: number): Promise<CheckedRelayCertificate> {
    const certificate = await this.#store.relayCertificate(hopKeyId);
    if (certificate === undefined) {
      throw new PaymentError("NOT_PERMITTED", "this relay is not registered");
    }
    const envelope = fromBinary(SignedEnvelopeSchema, certificate);
    return verifyRelayCertificate({ ...this.#check(nowMs), envelope });
  }

  #check(nowMs: number): Omit<CertificateCheck, "envelope"> {
    return { curves: this.#curves, roots: this.#roots, nowMs };
  }
}

/** Certificates of one kind: as they were read, and once they were needed, verified. */
class Shelf<Certificate extends { readonly wire: Validity }> {
  readonly #verify: (check: CertificateCheck) => Certificate;
  readonly #read = new Map<string, Uint8Array>();
  readonly #verified = new Map<string, Certificate>();

  constructor(verify: (check: CertificateCheck) => Certificate) {
    this.#verify = verify;
  }

  missing(ids: readonly Uint8Array[]): readonly Uint8Array[] {
    const byName = new Map(ids.map((id) => [hex(id), id]));
    return [...byName].filter(([name]) => !this.#read.has(name)).map(([, id]) => id);
  }

  put(rows: readonly CertificateRow[]): void {
    if (this.#read.size + rows.length > CERTIFICATES_MAX) {
      this.#read.clear();
      this.#verified.clear();
    }
    for (const { certificate_id: id, certificate } of rows) this.#read.set(hex(id), certificate);
  }

  /** @returns undefined when it is not here. @throws PaymentError CERTIFICATE_REJECTED */
  get(id: Uint8Array, check: Omit<CertificateCheck, "envelope">): Certificate | undefined {
    const name = hex(id);
    const known = this.#verified.get(name);
    if (known !== undefined && isValidAt(known.wire, check.nowMs)) return known;
    const certificate = this.#read.get(name);
    if (certificate === undefined) return undefined;
    const envelope = fromBinary(SignedEnvelopeSchema, certificate);
    const verified = this.#verify({ ...check, envelope });
    this.#verified.set(name, verified);
    return verified;
  }
}

interface Validity {
  readonly notBeforeMs: bigint;
  readonly notAfterMs: bigint;
}

function isValidAt({ notBeforeMs, notAfterMs }: Validity, nowMs: number): boolean {
  return nowMs >= notBeforeMs && nowMs <= notAfterMs;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
