import type { SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { DeviceStateName } from "../../payment/device-state.ts";
import { PaymentError } from "../../payment/errors.ts";
import { type ReaderSerial, type TerminalKey, terminalName } from "../../payment/identifiers.ts";
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
import { RegistryRevision } from "./registry-revision.ts";
import type { ReaderRow, RegistryStore, TerminalRow } from "./registry-store.ts";

/** How old what is known may be where the statement that follows compares the revision again. */
export const FRESH_MS = 5_000;
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
  /** By name: of one terminal there are many keys, which are objects. */
  readonly #terminals: CachedLookup<string, KnownTerminal>;

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
    const readTerminals: Read<string, KnownTerminal> = async (names, staleOf) => {
      const rows = await store.findTerminals(names);
      return new Map(
        rows.map((row) => {
          const name = terminalName(row);
          const known = staleOf(name)?.checked;
          const checked = this.#checked(row.certificate, known, verifyTerminalCertificate);
          return [name, { ...row, checked }];
        }),
      );
    };
    this.#readers = new CachedLookup(readReaders, isFresh, clock, limits);
    this.#terminals = new CachedLookup(readTerminals, isFresh, clock, limits);
  }

  /**
   * The revision that everything read from now on is at least as new as. A statement that finds
   * another one in the database is about devices that may have changed.
   */
  async revision(): Promise<bigint> {
    return await this.#revision.confirmed(FRESH_MS);
  }

  async reader(serial: ReaderSerial): Promise<KnownReader | undefined> {
    await this.#revision.confirmed(FRESH_MS);
    return await this.#readers.get(serial);
  }

  async terminal(key: TerminalKey): Promise<KnownTerminal | undefined> {
    await this.#revision.confirmed(FRESH_MS);
    return await this.#terminals.get(terminalName(key));
  }

  /** As it is in the database now, whichever instance changed it a moment ago. */
  async terminalNow(key: TerminalKey): Promise<KnownTerminal | undefined> {
    await this.#revision.confirmed(0);
    return await this.#terminals.get(terminalName(key));
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
    this.#revision.forget();
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

export function isActive(device: { readonly state: DeviceStateName }): boolean {
  return device.state === "ACTIVE";
}
