import type { SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { ReaderSerial, TerminalId } from "../../payment/identifiers.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { Curves } from "../../sealing/curves/curves.ts";
import { certificateIdOf } from "../../sealing/curves/hash.ts";
import {
  type CertificateCheck,
  type CheckedReaderCertificate,
  type CheckedTerminalCertificate,
  verifyReaderCertificate,
  verifyTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";
import { CachedLookup, type Loaded, type Read } from "./cached-lookup.ts";
import { FRESH_MS, RegistryRevision } from "./registry-revision.ts";
import type { ReaderRow, RegistryStore, TerminalRow } from "./registry-store.ts";

const DEVICES_MAX = 20_000;

/** A registered device. `checked` is undefined when its certificate does not hold any more. */
export interface KnownReader extends ReaderRow {
  readonly checked: CheckedReaderCertificate | undefined;
}

export interface KnownTerminal extends TerminalRow {
  readonly checked: CheckedTerminalCertificate | undefined;
}

type KnownDevice = KnownReader | KnownTerminal;

/**
 * Who is served, fresh enough and without a query for each payment or device: whether anything has
 * changed is one query for all of them.
 */
export class Registry {
  readonly #curves: Curves;
  readonly #roots: TrustedRoots;
  readonly #clock: Clock;
  readonly #revision: RegistryRevision;
  readonly #readers: CachedLookup<ReaderSerial, KnownReader>;
  readonly #terminals: CachedLookup<TerminalId, KnownTerminal>;

  constructor(store: RegistryStore, curves: Curves, roots: TrustedRoots, clock: Clock) {
    this.#curves = curves;
    this.#roots = roots;
    this.#clock = clock;
    this.#revision = new RegistryRevision(store, clock, () => this.forget());
    const isFresh = (loaded: Loaded<KnownDevice>) => this.#isFresh(loaded);
    const limits = { entriesMax: DEVICES_MAX };
    const readReaders: Read<ReaderSerial, KnownReader> = async (serials, staleOf) => {
      const rows = await store.findReaders(serials);
      return new Map(
        rows.map((row) => {
          const known = staleOf(row.serial)?.checked;
          const checked = this.#checked(row.certificate, known, verifyReaderCertificate);
          return [row.serial, { ...row, checked }];
        }),
      );
    };
    const readTerminals: Read<TerminalId, KnownTerminal> = async (terminalIds, staleOf) => {
      const rows = await store.findTerminals(terminalIds);
      return new Map(
        rows.map((row) => {
          const known = staleOf(row.terminalId)?.checked;
          const checked = this.#checked(row.certificate, known, verifyTerminalCertificate);
          return [row.terminalId, { ...row, checked }];
        }),
      );
    };
    this.#readers = new CachedLookup(readReaders, isFresh, clock, limits);
    this.#terminals = new CachedLookup(readTerminals, isFresh, clock, limits);
  }

  async reader(serial: ReaderSerial): Promise<KnownReader | undefined> {
    await this.#revision.confirm();
    return await this.#readers.get(serial);
  }

  async terminal(terminalId: TerminalId): Promise<KnownTerminal | undefined> {
    await this.#revision.confirm();
    return await this.#terminals.get(terminalId);
  }

  /** A certificate that somebody shows; undefined when it does not hold now. */
  openTerminalCertificate(envelope: SignedEnvelope): CheckedTerminalCertificate | undefined {
    return this.#checked(envelope, undefined, verifyTerminalCertificate);
  }

  /** The certificate of a reader to register. @throws PaymentError CERTIFICATE_REJECTED */
  verifyReader(envelope: SignedEnvelope | undefined): CheckedReaderCertificate {
    return verifyReaderCertificate(this.#check(envelope));
  }

  /** The certificate of a terminal to register. @throws PaymentError CERTIFICATE_REJECTED */
  verifyTerminal(envelope: SignedEnvelope | undefined): CheckedTerminalCertificate {
    return verifyTerminalCertificate(this.#check(envelope));
  }

  /** Makes a registration through this instance count at once. */
  forget(): void {
    this.#readers.expire();
    this.#terminals.expire();
  }

  /** A certificate ends while nothing changes; what does not hold now may begin to. */
  #isFresh({ value, loadedAtMs }: Loaded<KnownDevice>): boolean {
    if (value?.checked === undefined) return this.#clock.monotonicMs() < loadedAtMs + FRESH_MS;
    return this.#clock.nowMs() <= value.checked.wire.notAfterMs;
  }

  /** Signatures of a certificate are verified once; its dates each time. */
  #checked<Checked extends CheckedReaderCertificate | CheckedTerminalCertificate>(
    envelope: SignedEnvelope,
    known: Checked | undefined,
    verify: (check: CertificateCheck) => Checked,
  ): Checked | undefined {
    const check = this.#check(envelope);
    const isKnown = known !== undefined && equalBytes(known.id, certificateIdOf(envelope.payload));
    if (isKnown && check.nowMs <= known.wire.notAfterMs) return known;
    try {
      return verify(check);
    } catch (error) {
      if (error instanceof PaymentError) return undefined;
      throw error;
    }
  }

  #check(envelope: SignedEnvelope | undefined): CertificateCheck {
    const nowMs = this.#clock.nowMs();
    return { curves: this.#curves, roots: this.#roots, envelope, nowMs };
  }
}

export function isActive(device: { readonly state: DeviceState }): boolean {
  return device.state === DeviceState.ACTIVE;
}
