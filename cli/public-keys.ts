import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import type { MeshDirectory, ProgramName } from "../dev-mesh/mesh-directory.ts";
import {
  KeyManifestSchema,
  KeyPurpose,
  ManifestDelegationSchema,
  ReaderCertificateSchema,
  RelayCertificateSchema,
  SignedEnvelopeSchema,
  TerminalCertificateSchema,
  TrustedRootsSchema,
} from "../gen/cardlane/keys/v1/keys_pb.ts";
import { keyIdOf } from "../sealing/curves/hash.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";

/** What anybody may know of a key. */
interface PublicKeyFact {
  /** Who has its private part: "reader SIM-0001". */
  readonly holder: string;
  readonly purpose: string;
  readonly kind: "Ed25519" | "X25519" | "secret";
  /** Hex, 16 characters; empty for a secret key, of which nothing is public. */
  readonly keyId: string;
  /** Unix milliseconds; null where the key has no end of its own. */
  readonly notBeforeMs: number | null;
  readonly notAfterMs: number | null;
}

/**
 * Every key of a mesh as its public files tell it: certificates, manifest, delegation, roots and
 * public keys. Files with private keys are listed by name and never opened.
 */
export function publicKeysIn(directory: MeshDirectory): PublicKeyFact[] {
  return [
    ...rootKeys(directory),
    ...readerKeys(directory),
    ...terminalKeys(directory),
    ...relayKeys(directory),
    ...processorKeys(directory),
    ...secretKeys(directory),
  ];
}

interface Validity {
  readonly notBeforeMs?: bigint;
  readonly notAfterMs?: bigint;
}

function rootKeys(directory: MeshDirectory): PublicKeyFact[] {
  const roots = folderOf(directory, "reader").readMessage(TrustedRootsSchema, "trusted-roots.json");
  const named = (purpose: string, keys: readonly Uint8Array[]) =>
    keys.map((key) => fact("offline", purpose, "Ed25519", key));
  return [
    ...named("vendor root", roots.vendorKeys),
    ...named("acquirer root", roots.acquirerKeys),
    ...named("processor root", roots.processorKeys),
  ];
}

function readerKeys(directory: MeshDirectory): PublicKeyFact[] {
  const { payload } = folderOf(directory, "reader").readCertificate();
  const certificate = fromBinary(ReaderCertificateSchema, payload);
  const holder = `reader ${certificate.serial}`;
  return [
    fact(holder, "identity", "Ed25519", certificate.identityKey, certificate),
    fact(holder, "signing", "Ed25519", certificate.signingKey, certificate),
  ];
}

function terminalKeys(directory: MeshDirectory): PublicKeyFact[] {
  const { payload } = folderOf(directory, "terminal").readCertificate();
  const certificate = fromBinary(TerminalCertificateSchema, payload);
  const holder = `terminal ${certificate.terminalId}`;
  return [
    fact(holder, "identity", "Ed25519", certificate.identityKey, certificate),
    fact(holder, "signing", "Ed25519", certificate.signingKey, certificate),
  ];
}

function relayKeys(directory: MeshDirectory): PublicKeyFact[] {
  const { payload } = folderOf(directory, "relay").readCertificate();
  const certificate = fromBinary(RelayCertificateSchema, payload);
  const holder = `relay ${certificate.relayId}`;
  return [
    fact(holder, "hop", "X25519", certificate.hopKey, certificate),
    fact(holder, "signing", "Ed25519", certificate.signingKey, certificate),
  ];
}

const MANIFEST_PURPOSES: ReadonlyMap<KeyPurpose, readonly [string, string, "Ed25519" | "X25519"]> =
  new Map([
    [KeyPurpose.PROCESSOR_CARD, ["processor", "card", "X25519"]],
    [KeyPurpose.PROCESSOR_HOP, ["processor", "hop", "X25519"]],
    [KeyPurpose.PROCESSOR_RESULT, ["processor", "result", "Ed25519"]],
    [KeyPurpose.PIN_SERVICE, ["pin-service", "pin", "X25519"]],
  ]);

function processorKeys(directory: MeshDirectory): PublicKeyFact[] {
  const folder = folderOf(directory, "processor");
  const payloadOf = (name: string) => folder.readMessage(SignedEnvelopeSchema, name).payload;
  const manifest = fromBinary(KeyManifestSchema, payloadOf("manifest.json"));
  const listed = manifest.keys.flatMap((key) => {
    const [holder, purpose, kind] = MANIFEST_PURPOSES.get(key.purpose) ?? [];
    if (holder === undefined || purpose === undefined || kind === undefined) return [];
    return [fact(holder, purpose, kind, key.publicKey, key)];
  });
  const delegation = fromBinary(ManifestDelegationSchema, payloadOf("manifest-delegation.json"));
  const processorHop = folderOf(directory, "pin-service").readPublicKey("processor-pin-hop");
  return [
    ...listed,
    fact("processor", "manifest-signer", "Ed25519", delegation.signerKey, delegation),
    fact("processor", "pin-hop", "X25519", processorHop),
    fact("pin-service", "pin-hop", "X25519", folder.readPublicKey("pin-service-hop")),
  ];
}

/** Symmetric keys have no public part: only that they are there. */
const SECRET_KEYS: readonly (readonly [ProgramName, string])[] = [
  ["reader", "dukpt-initial"],
  ["processor", "storage"],
  ["processor", "card-token"],
  ["pin-service", "base-derivation"],
  ["pin-service", "pin-reference"],
  ["pin-service", "card-token"],
];

function secretKeys(directory: MeshDirectory): PublicKeyFact[] {
  return SECRET_KEYS.filter(([program, purpose]) =>
    readdirSync(directory.keysOf(program)).includes(`${purpose}.key.json`),
  ).map(([program, purpose]) => fact(program, purpose, "secret", undefined));
}

export function hasKeys(directory: MeshDirectory): boolean {
  return existsSync(join(directory.keysOf("reader"), "certificate.json"));
}

function folderOf(directory: MeshDirectory, program: ProgramName): KeyFolder {
  return new KeyFolder(directory.keysOf(program));
}

function fact(
  holder: string,
  purpose: string,
  kind: PublicKeyFact["kind"],
  publicKey: Uint8Array | undefined,
  { notBeforeMs, notAfterMs }: Validity = {},
): PublicKeyFact {
  return {
    holder,
    purpose,
    kind,
    keyId: publicKey === undefined ? "" : Buffer.from(keyIdOf(publicKey)).toString("hex"),
    notBeforeMs: notBeforeMs === undefined ? null : Number(notBeforeMs),
    notAfterMs: notAfterMs === undefined ? null : Number(notAfterMs),
  };
}
