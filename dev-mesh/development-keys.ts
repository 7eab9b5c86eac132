import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import {
  KeyPurpose,
  type ManifestKey,
  ManifestKeySchema,
  type SignedEnvelope,
  SignedEnvelopeSchema,
  type TrustedRoots,
  TrustedRootsSchema,
} from "../gen/cardlane/keys/v1/keys_pb.ts";
import type { Curves, Signer } from "../sealing/curves/curves.ts";
import { keyIdOf } from "../sealing/curves/hash.ts";
import {
  issueManifest,
  issueManifestDelegation,
  issueReaderCertificate,
  issueRelayCertificate,
  issueTerminalCertificate,
} from "../sealing/keys/issue-certificates.ts";
import { MANIFEST_LIFE_MS } from "../sealing/keys/manifest.ts";
import { ROOT_SIGNATURES_MIN } from "../sealing/keys/trusted-roots.ts";
import { deriveInitialKey } from "../sealing/pin/dukpt.ts";
import type { Random } from "../sealing/random.ts";
import { KeyMaker } from "./key-maker.ts";

/** Who takes part in a development mesh. */
export const DEVELOPMENT_MESH = {
  readerSerial: "SIM-0001",
  terminalId: "TILL0001",
  merchantId: "CORNERCOFFEE001",
  merchantName: "Corner Coffee",
  relayId: "A1",
} as const;

interface DevelopmentKeysOptions {
  /** Gets a folder for each program, and `roots` for what would be offline in earnest. */
  readonly directory: string;
  /** Unix milliseconds. */
  readonly nowMs: number;
  readonly curves: Curves;
  readonly random: Random;
}

/** Clocks of two programs may differ; nothing is valid from this very moment only. */
const SKEW_MS = 3_600_000;
/** A clone that was put aside for a year still starts. The manifest is renewed by the processor. */
const VALIDITY_MS = 10 * 365 * 86_400_000;

/**
 * Makes every key that a mesh of one reader, terminal, relay, processor and PIN service needs, all
 * marked as development keys, which programs refuse in production. What is there already stays.
 */
export function makeDevelopmentKeys(options: DevelopmentKeysOptions): "made" | "already there" {
  const { directory } = options;
  if (existsSync(directory)) return "already there";
  // Under another name first: being killed half-way leaves nothing that looks complete.
  const unfinished = `${directory}.unfinished-${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  makeAll(options, unfinished);
  renameSync(unfinished, directory);
  return "made";
}

interface Roots {
  readonly vendor: readonly Signer[];
  readonly acquirer: readonly Signer[];
  readonly processor: readonly Signer[];
  readonly trusted: TrustedRoots;
}

/** Fields that all certificates here have. */
interface Validity {
  readonly version: 1;
  readonly notBeforeMs: bigint;
  readonly notAfterMs: bigint;
  readonly development: true;
}

function makeAll({ nowMs, curves, random }: DevelopmentKeysOptions, directory: string): void {
  const makerOf = (program: string) => new KeyMaker(directory, program, { curves, random });
  const validity: Validity = {
    version: 1,
    notBeforeMs: BigInt(nowMs - SKEW_MS),
    notAfterMs: BigInt(nowMs + VALIDITY_MS),
    development: true,
  };
  const roots = makeRoots(makerOf("roots"));
  const makers = {
    reader: makerOf("reader"),
    terminal: makerOf("terminal"),
    relay: makerOf("relay"),
    processor: makerOf("processor"),
    pinService: makerOf("pin-service"),
  };
  for (const { folder } of Object.values(makers)) {
    folder.writeMessage(TrustedRootsSchema, "trusted-roots.json", roots.trusted);
  }
  makeTerminalKeys(makers.terminal, roots, validity);
  makeRelayKeys(makers.relay, roots, validity);
  const { initialKeyId, pinKey } = makePinKeys(makers);
  makeReaderKeys(makers.reader, roots, { ...validity, initialKeyId });
  makeProcessorKeys(makers.processor, roots, { validity, nowMs, pinKey });
}

function makeRoots(maker: KeyMaker): Roots {
  const three = (purpose: "vendor-root" | "acquirer-root" | "processor-root") =>
    [1, 2, 3].map(() => maker.signer(purpose, "several"));
  const [vendor, acquirer, processor] = [
    three("vendor-root"),
    three("acquirer-root"),
    three("processor-root"),
  ];
  const keysOf = (signers: readonly Signer[]) => signers.map(({ publicKey }) => publicKey);
  const trusted = create(TrustedRootsSchema, {
    vendorKeys: keysOf(vendor),
    acquirerKeys: keysOf(acquirer),
    processorKeys: keysOf(processor),
    development: true,
  });
  maker.folder.writeMessage(TrustedRootsSchema, "trusted-roots.json", trusted);
  return { vendor, acquirer, processor, trusted };
}

function makeTerminalKeys(maker: KeyMaker, roots: Roots, validity: Validity): void {
  const { terminalId, merchantId, merchantName } = DEVELOPMENT_MESH;
  const certificate = issueTerminalCertificate(
    {
      ...validity,
      terminalId,
      merchantId,
      merchantName,
      // Germany (ISO 3166-1), eating places (ISO 18245).
      country: 276,
      merchantCategoryCode: 5812,
      identityKey: maker.signer("identity").publicKey,
      signingKey: maker.signer("signing").publicKey,
    },
    signing(roots.acquirer),
  );
  writeCertificate(maker, certificate);
}

function makeRelayKeys(maker: KeyMaker, roots: Roots, validity: Validity): void {
  const certificate = issueRelayCertificate(
    {
      ...validity,
      relayId: DEVELOPMENT_MESH.relayId,
      hopKey: maker.agreement("hop"),
      signingKey: maker.signer("signing").publicKey,
    },
    signing(roots.acquirer),
  );
  writeCertificate(maker, certificate);
}

/** The PIN service's own keys, those it shares with the processor, and the reader's first one. */
function makePinKeys({
  reader,
  processor,
  pinService,
}: {
  readonly reader: KeyMaker;
  readonly processor: KeyMaker;
  readonly pinService: KeyMaker;
}): { readonly initialKeyId: Uint8Array; readonly pinKey: Uint8Array } {
  const pinKey = pinService.agreement("pin", "several");
  processor.folder.writePublicKey("pin-service", pinKey);
  processor.folder.writePublicKey("pin-service-hop", pinService.agreement("pin-hop"));
  pinService.folder.writePublicKey("processor-pin-hop", processor.agreement("pin-hop"));
  pinService.symmetric("pin-reference", 32).fill(0);
  pinService.symmetric("card-token", 32).fill(0);

  const baseDerivationKey = pinService.symmetric("base-derivation", 16);
  const initialKeyId = reader.random(8);
  reader.keep("dukpt-initial", deriveInitialKey(baseDerivationKey, initialKeyId)).fill(0);
  baseDerivationKey.fill(0);
  return { initialKeyId, pinKey };
}

function makeReaderKeys(
  maker: KeyMaker,
  roots: Roots,
  { initialKeyId, ...validity }: Validity & { readonly initialKeyId: Uint8Array },
): void {
  const certificate = issueReaderCertificate(
    {
      ...validity,
      serial: DEVELOPMENT_MESH.readerSerial,
      model: "Simulated reader",
      dukptInitialKeyId: initialKeyId,
      identityKey: maker.signer("identity").publicKey,
      signingKey: maker.signer("signing").publicKey,
    },
    signing(roots.vendor),
  );
  writeCertificate(maker, certificate);
}

function makeProcessorKeys(
  maker: KeyMaker,
  roots: Roots,
  options: {
    readonly validity: Validity;
    readonly nowMs: number;
    readonly pinKey: Uint8Array;
  },
): void {
  const { notBeforeMs, notAfterMs } = options.validity;
  const listed = (purpose: KeyPurpose, publicKey: Uint8Array): ManifestKey =>
    create(ManifestKeySchema, {
      keyId: keyIdOf(publicKey),
      purpose,
      publicKey,
      notBeforeMs,
      notAfterMs,
    });
  const keys = [
    listed(KeyPurpose.PROCESSOR_CARD, maker.agreement("card", "several")),
    listed(KeyPurpose.PIN_SERVICE, options.pinKey),
    listed(KeyPurpose.PROCESSOR_HOP, maker.agreement("hop", "several")),
    listed(KeyPurpose.PROCESSOR_RESULT, maker.signer("result", "several").publicKey),
  ];
  maker.symmetric("storage", 32).fill(0);
  maker.symmetric("card-token", 32).fill(0);

  const signer = maker.signer("manifest-signer");
  const delegation = issueManifestDelegation(
    { version: 1, signerKey: signer.publicKey, notBeforeMs, notAfterMs },
    signing(roots.processor),
  );
  const issuedAtMs = BigInt(options.nowMs);
  const { manifest } = issueManifest(
    {
      version: 1,
      number: 1n,
      issuedAtMs,
      expiresAtMs: issuedAtMs + BigInt(MANIFEST_LIFE_MS),
      keys,
      development: true,
    },
    signer,
    delegation,
  );
  if (manifest === undefined) throw new Error("bug: an issued manifest has an envelope");
  maker.folder.writeMessage(SignedEnvelopeSchema, "manifest-delegation.json", delegation);
  maker.folder.writeMessage(SignedEnvelopeSchema, "manifest.json", manifest);
}

function writeCertificate(maker: KeyMaker, certificate: SignedEnvelope): void {
  maker.folder.writeMessage(SignedEnvelopeSchema, "certificate.json", certificate);
}

/** As many of a root's keys as must sign. */
function signing(root: readonly Signer[]): readonly Signer[] {
  return root.slice(0, ROOT_SIGNATURES_MIN);
}
