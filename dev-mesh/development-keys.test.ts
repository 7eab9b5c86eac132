import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  DelegatedManifestSchema,
  KeyPurpose,
  SignedEnvelopeSchema,
} from "../gen/cardlane/keys/v1/keys_pb.ts";
import { keyIdOf } from "../sealing/curves/hash.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import {
  verifyReaderCertificate,
  verifyRelayCertificate,
  verifyTerminalCertificate,
} from "../sealing/keys/certificates.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { verifyManifest } from "../sealing/keys/manifest.ts";
import { deriveInitialKey } from "../sealing/pin/dukpt.ts";
import { seededRandom } from "../sealing/testing/seeded-random.ts";
import { DEVELOPMENT_MESH, makeDevelopmentKeys } from "./development-keys.ts";

const nowMs = Date.parse("2026-03-01T00:00:00Z");

interface Keys extends Disposable {
  readonly parent: string;
  readonly directory: string;
  folder(program: string): KeyFolder;
}

function madeKeys(): Keys {
  const parent = mkdtempSync(join(tmpdir(), "cardlane-keys-"));
  const directory = join(parent, "keys");
  makeDevelopmentKeys({ directory, nowMs, curves, random: seededRandom("development keys") });
  return {
    parent,
    directory,
    folder: (program) => new KeyFolder(join(directory, program)),
    [Symbol.dispose]: () => rmSync(parent, { recursive: true }),
  };
}

function checkOf(keys: Keys, program: string, changes: { nowMs?: number } = {}) {
  const roots = keys.folder("processor").readTrustedRoots(curves);
  const envelope = keys.folder(program).readCertificate();
  return { curves, roots, envelope, nowMs, ...changes };
}

function manifestOf(keys: Keys, changes: { nowMs?: number } = {}) {
  const folder = keys.folder("processor");
  const delegated = create(DelegatedManifestSchema, {
    delegation: folder.readMessage(SignedEnvelopeSchema, "manifest-delegation.json"),
    manifest: folder.readMessage(SignedEnvelopeSchema, "manifest.json"),
  });
  const roots = keys.folder("reader").readTrustedRoots(curves);
  return verifyManifest({ curves, roots, delegated, nowMs, lowestNumber: 1n, ...changes });
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("the certificates verify under the roots of another program", () => {
  using keys = madeKeys();
  const reader = verifyReaderCertificate(checkOf(keys, "reader"));
  const terminal = verifyTerminalCertificate(checkOf(keys, "terminal"));
  const relay = verifyRelayCertificate(checkOf(keys, "relay"));
  expect(reader.serial).toBe(DEVELOPMENT_MESH.readerSerial);
  expect(terminal.merchantId).toBe(DEVELOPMENT_MESH.merchantId);
  expect(relay.relayId).toBe(DEVELOPMENT_MESH.relayId);
});

test("no certificate passes for one of another kind, nor before it is valid", () => {
  using keys = madeKeys();
  const early = { nowMs: nowMs - 2 * 3_600_000 };
  const rejected = expect.objectContaining({ code: "CERTIFICATE_REJECTED" });
  expect(() => verifyReaderCertificate(checkOf(keys, "terminal"))).toThrow(rejected);
  expect(() => verifyTerminalCertificate(checkOf(keys, "relay"))).toThrow(rejected);
  expect(() => verifyRelayCertificate(checkOf(keys, "reader"))).toThrow(rejected);
  expect(() => verifyReaderCertificate(checkOf(keys, "reader", early))).toThrow(rejected);
});

test("everything says that it was made for development", () => {
  using keys = madeKeys();
  expect(checkOf(keys, "reader").roots.isDevelopment).toBe(true);
  expect(verifyReaderCertificate(checkOf(keys, "reader")).wire.development).toBe(true);
  expect(verifyTerminalCertificate(checkOf(keys, "terminal")).wire.development).toBe(true);
  expect(verifyRelayCertificate(checkOf(keys, "relay")).wire.development).toBe(true);
  expect(manifestOf(keys).wire.development).toBe(true);
  const files = readdirSync(keys.directory, { recursive: true, encoding: "utf8" });
  const keyFiles = files.filter((file) => file.endsWith(".key.json"));
  const contents = keyFiles.map((file) => readFileSync(join(keys.directory, file), "utf8"));
  expect(contents.map((content) => JSON.parse(content).development)).not.toContain(false);
  const modes = keyFiles.map((file) => statSync(join(keys.directory, file)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([0o600]));
});

test.each([
  { purpose: KeyPurpose.PROCESSOR_CARD, program: "processor", file: "card", kind: "agreement" },
  { purpose: KeyPurpose.PROCESSOR_HOP, program: "processor", file: "hop", kind: "agreement" },
  { purpose: KeyPurpose.PROCESSOR_RESULT, program: "processor", file: "result", kind: "signer" },
  { purpose: KeyPurpose.PIN_SERVICE, program: "pin-service", file: "pin", kind: "agreement" },
] as const)("the manifest lists the $file key of $program", ({ purpose, program, file, kind }) => {
  using keys = madeKeys();
  const listed = manifestOf(keys).currentKey(purpose, nowMs);
  const [kept] = keys.folder(program).readKeys(file);
  expect(kept?.keyId).toBe(hex(listed.keyId));
  const { publicKey } = curves[kind](kept?.secretKey ?? new Uint8Array());
  expect(publicKey).toEqual(listed.publicKey);
});

test("the manifest is used up after seven days", () => {
  using keys = madeKeys();
  const refused = expect.objectContaining({ code: "KEY_NOT_VALID" });
  expect(() => manifestOf(keys, { nowMs: nowMs + 7 * 86_400_000 + 1 })).toThrow(refused);
});

test("reader, processor and PIN service hold keys that fit together", () => {
  using keys = madeKeys();
  const [reader, processor, pinService] = ["reader", "processor", "pin-service"].map(keys.folder);
  const { wire } = verifyReaderCertificate(checkOf(keys, "reader"));
  const baseDerivationKey = pinService?.readKey("base-derivation") ?? new Uint8Array();
  const initialKey = deriveInitialKey(baseDerivationKey, wire.dukptInitialKeyId);
  expect(reader?.readKey("dukpt-initial")).toEqual(initialKey);
  const publicPart = (folder: KeyFolder | undefined) =>
    curves.agreement(folder?.readKey("pin-hop") ?? new Uint8Array()).publicKey;
  expect(pinService?.readPublicKey("processor-pin-hop")).toEqual(publicPart(processor));
  expect(processor?.readPublicKey("pin-service-hop")).toEqual(publicPart(pinService));
  const pinKeyId = keyIdOf(processor?.readPublicKey("pin-service") ?? new Uint8Array());
  expect(pinService?.readKeys("pin")[0]?.keyId).toBe(hex(pinKeyId));
});

test("a second start changes nothing and leaves nothing half-made", () => {
  using keys = madeKeys();
  const before = readFileSync(join(keys.directory, "relay", "hop.key.json"), "utf8");
  const random = seededRandom("another run");
  const made = makeDevelopmentKeys({ directory: keys.directory, nowMs, curves, random });
  expect(made).toBe("already there");
  expect(readFileSync(join(keys.directory, "relay", "hop.key.json"), "utf8")).toBe(before);
  expect(readdirSync(keys.parent)).toEqual(["keys"]);
});
