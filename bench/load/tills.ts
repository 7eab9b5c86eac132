import { join } from "node:path";
import type { MeshClients } from "../../dev-mesh/clients.ts";
import type { MeshDirectory } from "../../dev-mesh/mesh-directory.ts";
import type { SignedEnvelope } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { type Curves, generateSigner, type Signer } from "../../sealing/curves/curves.ts";
import { certificateIdOf } from "../../sealing/curves/hash.ts";
import {
  issueReaderCertificate,
  issueTerminalCertificate,
} from "../../sealing/keys/issue-certificates.ts";
import { type KeyFilePurpose, KeyFolder } from "../../sealing/keys/key-files.ts";
import { ROOT_SIGNATURES_MIN } from "../../sealing/keys/trusted-roots.ts";
import { deriveInitialKey } from "../../sealing/pin/dukpt.ts";
import type { Random } from "../../sealing/random.ts";

/** One merchant with one terminal and one reader, as the load generator plays them. */
export interface Till {
  /** Of the mesh's TLS certificates: `terminal-17`. */
  readonly tlsHolder: string;
  readonly terminalId: string;
  readonly merchantId: string;
  readonly readerSerial: string;
  /** 8 bytes each. */
  readonly terminalCertificateId: Uint8Array;
  readonly readerCertificateId: Uint8Array;
  /** The reader's Ed25519 private key. */
  readonly signingSeed: Uint8Array;
  /** 8 and 16 bytes. */
  readonly dukptInitialKeyId: Uint8Array;
  readonly dukptInitialKey: Uint8Array;
}

/** A till with what the registries have to be told about it. */
interface IssuedTill {
  readonly till: Till;
  readonly terminal: SignedEnvelope;
  readonly reader: SignedEnvelope;
}

const EURO = 978;
const SKEW_MS = 3_600_000;
const VALIDITY_MS = 30 * 86_400_000;
/** As in the contract of both registries. */
const REGISTERED_AT_ONCE_MAX = 1_000;

/** TLS holder → SPIFFE path, for as many tills. */
export function tillHolders(count: number): Record<string, string> {
  const entries = numbers(count).map((n) => [
    tlsHolderOf(n),
    `terminal/${merchantIdOf(n)}/${terminalIdOf(n)}`,
  ]);
  return Object.fromEntries(entries);
}

/** Makes keys and certificates of tills, signed by the mesh's own roots. */
export function issueTills(options: {
  readonly directory: MeshDirectory;
  readonly count: number;
  readonly nowMs: number;
  readonly curves: Curves;
  readonly random: Random;
}): readonly IssuedTill[] {
  const { directory, count, nowMs, curves, random } = options;
  const roots = new KeyFolder(join(directory.keys, "roots"));
  const signersOf = (purpose: KeyFilePurpose) =>
    roots
      .readKeys(purpose)
      .slice(0, ROOT_SIGNATURES_MIN)
      .map(({ secretKey }) => curves.signer(secretKey));
  const issuer: Issuer = {
    vendorRoot: signersOf("vendor-root"),
    acquirerRoot: signersOf("acquirer-root"),
    baseDerivationKey: new KeyFolder(directory.keysOf("pin-service")).readKey("base-derivation"),
    newSigner: () => generateSigner({ curves, random }),
    random,
    validity: {
      version: 1,
      notBeforeMs: BigInt(nowMs - SKEW_MS),
      notAfterMs: BigInt(nowMs + VALIDITY_MS),
      development: true,
    },
  };
  return numbers(count).map((number) => issueTill(number, issuer));
}

interface Issuer {
  readonly vendorRoot: readonly Signer[];
  readonly acquirerRoot: readonly Signer[];
  readonly baseDerivationKey: Uint8Array;
  readonly newSigner: () => { readonly signer: Signer; readonly seed: Uint8Array };
  readonly random: Random;
  readonly validity: {
    readonly version: 1;
    readonly notBeforeMs: bigint;
    readonly notAfterMs: bigint;
    readonly development: true;
  };
}

function issueTill(number: number, issuer: Issuer): IssuedTill {
  const { validity, newSigner } = issuer;
  const terminalId = terminalIdOf(number);
  const merchantId = merchantIdOf(number);
  const readerSerial = `BENCH-${String(number).padStart(5, "0")}`;
  const terminal = issueTerminalCertificate(
    {
      ...validity,
      terminalId,
      merchantId,
      merchantName: `Merchant ${number}`,
      // Germany (ISO 3166-1), eating places (ISO 18245).
      country: 276,
      merchantCategoryCode: 5812,
      identityKey: newSigner().signer.publicKey,
      signingKey: newSigner().signer.publicKey,
    },
    issuer.acquirerRoot,
  );
  const { signer, seed: signingSeed } = newSigner();
  const dukptInitialKeyId = issuer.random.bytes(8);
  const reader = issueReaderCertificate(
    {
      ...validity,
      serial: readerSerial,
      model: "Simulated reader",
      dukptInitialKeyId,
      identityKey: newSigner().signer.publicKey,
      signingKey: signer.publicKey,
    },
    issuer.vendorRoot,
  );
  const till = {
    tlsHolder: tlsHolderOf(number),
    terminalId,
    merchantId,
    readerSerial,
    terminalCertificateId: certificateIdOf(terminal.payload),
    readerCertificateId: certificateIdOf(reader.payload),
    signingSeed,
    dukptInitialKeyId,
    dukptInitialKey: deriveInitialKey(issuer.baseDerivationKey, dukptInitialKeyId),
  };
  return { till, terminal, reader };
}

/** Makes tills known to relay and processor, through their registry services. */
export async function registerTills(
  { relayRegistry, processorRegistry }: MeshClients,
  tills: readonly IssuedTill[],
): Promise<void> {
  const state = DeviceState.ACTIVE;
  for (let start = 0; start < tills.length; start += REGISTERED_AT_ONCE_MAX) {
    const some = tills.slice(start, start + REGISTERED_AT_ONCE_MAX);
    const currencies = [EURO];
    const terminals = some.map(({ terminal: certificate }) => ({ certificate, state, currencies }));
    const readers = some.map(({ reader: certificate, till: { merchantId } }) => ({
      certificate,
      merchantId,
      state,
    }));
    const options = { timeoutMs: 60_000 };
    await processorRegistry.registerTerminals({ terminals }, options);
    await processorRegistry.registerReaders({ readers }, options);
    await relayRegistry.registerTerminals({ terminals }, options);
    await relayRegistry.registerReaders({ readers }, options);
  }
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function tlsHolderOf(number: number): string {
  return `terminal-${number}`;
}

/** 15 characters (DE 42). */
function merchantIdOf(number: number): string {
  return `BENCH${String(number).padStart(10, "0")}`;
}

/** 8 characters (DE 41). */
function terminalIdOf(number: number): string {
  return `BNCH${String(number).padStart(4, "0")}`;
}
