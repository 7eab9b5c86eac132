import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type KeyManifest, SignedEnvelopeSchema } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { nodeCurves as curves } from "../curves/node-curves.ts";
import { issueManifest } from "./issue-certificates.ts";
import { KeptManifest } from "./kept-manifest.ts";
import { MANIFEST_LIFE_MS } from "./manifest.ts";

const nowMs = Date.UTC(2026, 0, 1);
const revokedId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

class MemoryFile {
  bytes: Uint8Array | undefined;
  async read() {
    return this.bytes;
  }
  async write(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

const open = (keys: TestKeys, file: MemoryFile) =>
  KeptManifest.open(curves, keys.trustedRoots, file);

/** The mesh's manifest with other contents, by its true signer. */
function manifestWith(keys: TestKeys, changes: Partial<KeyManifest>) {
  const { wire, delegated } = keys.manifest;
  const signer = curves.signer(keys.folder("processor").readKey("manifest-signer"));
  const delegation = delegated.delegation ?? create(SignedEnvelopeSchema);
  return issueManifest({ ...wire, ...changes }, signer, delegation);
}

test("a newer manifest is taken, and is there after a restart", async () => {
  using keys = new TestKeys({ nowMs });
  const file = new MemoryFile();
  const kept = await open(keys, file);
  expect(kept.number).toBe(0n);
  const offered = manifestWith(keys, { number: 7n, revokedCertificateIds: [revokedId] });
  expect(await kept.offer(offered, nowMs)).toBe(true);
  expect(await kept.offer(offered, nowMs)).toBe(false);
  const reopened = await open(keys, file);
  expect(reopened.number).toBe(7n);
  expect(reopened.isRevoked(revokedId)).toBe(true);
  expect(reopened.validAt(nowMs).number).toBe(7n);
});

test.each([
  { name: "with a lower number", changes: { number: 6n }, atMs: nowMs },
  { name: "that has expired", changes: { number: 8n }, atMs: nowMs + MANIFEST_LIFE_MS + 1 },
  {
    name: "that lives too long",
    changes: { number: 8n, expiresAtMs: BigInt(nowMs + 2 * MANIFEST_LIFE_MS) },
    atMs: nowMs,
  },
])("a manifest $name is refused, and the one before stays", async ({ changes, atMs }) => {
  using keys = new TestKeys({ nowMs });
  const file = new MemoryFile();
  const kept = await open(keys, file);
  await kept.offer(manifestWith(keys, { number: 7n }), nowMs);
  const stored = file.bytes;
  await expect(kept.offer(manifestWith(keys, changes), atMs)).rejects.toMatchObject({
    code: "KEY_NOT_VALID",
  });
  expect({ number: kept.number, bytes: file.bytes }).toEqual({ number: 7n, bytes: stored });
});

test("an expired manifest seals nothing, but its number and revocations still count", async () => {
  using keys = new TestKeys({ nowMs });
  const file = new MemoryFile();
  const kept = await open(keys, file);
  await kept.offer(manifestWith(keys, { number: 7n, revokedCertificateIds: [revokedId] }), nowMs);
  const laterMs = nowMs + MANIFEST_LIFE_MS + 1;
  const reopened = await open(keys, file);
  expect(() => reopened.validAt(laterMs)).toThrow("there is no valid key manifest");
  expect(reopened.isRevoked(revokedId)).toBe(true);
  expect(reopened.number).toBe(7n);
});

test("a write that fails leaves the manifest before in use", async () => {
  using keys = new TestKeys({ nowMs });
  const file = new MemoryFile();
  const kept = await open(keys, file);
  file.write = () => Promise.reject(new Error("disk full"));
  await expect(kept.offer(keys.delegatedManifest, nowMs)).rejects.toThrow("disk full");
  expect(kept.number).toBe(0n);
});

test("a damaged file is an error, not an empty start", async () => {
  using keys = new TestKeys({ nowMs });
  const file = new MemoryFile();
  await (await open(keys, file)).offer(keys.delegatedManifest, nowMs);
  file.bytes = file.bytes?.map((byte, index) => (index === 40 ? byte ^ 1 : byte));
  await expect(open(keys, file)).rejects.toThrow();
});

test.each([
  { name: "empty", damage: (bytes: Buffer) => bytes.subarray(0, 0) },
  { name: "cut in the time", damage: (bytes: Buffer) => bytes.subarray(0, 7) },
  { name: "cut in the manifest", damage: (bytes: Buffer) => bytes.subarray(0, -5) },
  { name: "zeros", damage: (bytes: Buffer) => Buffer.alloc(bytes.byteLength) },
])("a stored manifest that is $name is KEY_NOT_VALID", async ({ damage }) => {
  using keys = new TestKeys({ nowMs });
  const file = new MemoryFile();
  const kept = await open(keys, file);
  await kept.offer(manifestWith(keys, { number: 7n }), nowMs);
  file.bytes = damage(Buffer.from(file.bytes ?? []));
  await expect(open(keys, file)).rejects.toMatchObject({ code: "KEY_NOT_VALID" });
});
