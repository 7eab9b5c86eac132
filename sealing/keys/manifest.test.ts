import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  DelegatedManifestSchema,
  type KeyManifestSchema,
  KeyPurpose,
  TrustedRootsSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { errorFrom } from "../../test/error-from.ts";
import { keyIdOf } from "../curves/hash.ts";
import { nodeCurves as curves } from "../curves/node-curves.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { issueManifest, issueManifestDelegation } from "./issue-certificates.ts";
import { MANIFEST_LIFE_MS, verifyManifest } from "./manifest.ts";
import { parseTrustedRoots } from "./trusted-roots.ts";

const random = seededRandom("manifest");
const nowMs = 1_700_000_000_000;
const now = BigInt(nowMs);
const newSigner = () => curves.signer(random.bytes(32));
const processor = [newSigner(), newSigner(), newSigner()];
const others = [newSigner(), newSigner(), newSigner()];
const signer = newSigner();
const publicKeys = (keys: typeof processor) => keys.map(({ publicKey }) => publicKey);
const roots = parseTrustedRoots(
  create(TrustedRootsSchema, {
    vendorKeys: publicKeys(others),
    acquirerKeys: publicKeys(others),
    processorKeys: publicKeys(processor),
    development: true,
  }),
  curves,
);

const delegate = (notAfterMs = now + 10n, signers = processor.slice(0, 2)) =>
  issueManifestDelegation(
    { version: 1, signerKey: signer.publicKey, notBeforeMs: now - 10n, notAfterMs },
    signers,
  );
const key = (purpose: KeyPurpose, notBeforeMs: bigint, notAfterMs = now + 1_000n) => {
  const publicKey = curves.agreement(random.bytes(32)).publicKey;
  return { keyId: keyIdOf(publicKey), purpose, publicKey, notBeforeMs, notAfterMs };
};
const older = key(KeyPurpose.PROCESSOR_CARD, now - 20n);
const newer = key(KeyPurpose.PROCESSOR_CARD, now - 10n);
const future = key(KeyPurpose.PROCESSOR_CARD, now + 10n);
const expired = key(KeyPurpose.PIN_SERVICE, now - 20n, now - 1n);
const revokedId = random.bytes(8);
const fields = {
  version: 1,
  number: 7n,
  issuedAtMs: now - 5n,
  expiresAtMs: now + 1_000n,
  keys: [older, newer, future, expired],
  revokedCertificateIds: [revokedId],
  development: true,
} satisfies MessageInitShape<typeof KeyManifestSchema>;
const issue = (
  change: MessageInitShape<typeof KeyManifestSchema> = {},
  by = signer,
  delegation = delegate(),
) => issueManifest({ ...fields, ...change } as typeof fields, by, delegation);
const verifyIt = (delegated = issue(), lowestNumber = 0n) =>
  verifyManifest({ curves, roots, delegated, nowMs, lowestNumber });

test("the newest key in use is taken, an older one is still found", () => {
  const manifest = verifyIt();
  const purpose = KeyPurpose.PROCESSOR_CARD;
  expect(manifest.currentKey(purpose, nowMs).keyId).toEqual(newer.keyId);
  expect(manifest.findKey(purpose, older.keyId)?.publicKey).toEqual(older.publicKey);
});

test("a key has one purpose", () => {
  expect(verifyIt().findKey(KeyPurpose.PIN_SERVICE, newer.keyId)).toBeUndefined();
});

test("revoked certificates are listed", () => {
  const manifest = verifyIt();
  expect([manifest.isRevoked(revokedId), manifest.isRevoked(new Uint8Array(8))]).toEqual([
    true,
    false,
  ]);
});

test("without a valid key nothing is sealed", () => {
  expect(errorFrom(() => verifyIt().currentKey(KeyPurpose.PIN_SERVICE, nowMs))).toEqual({
    code: "KEY_NOT_VALID",
    message: "manifest has no valid key of purpose PIN_SERVICE",
  });
});

test("a result key that the manifest does not list verifies nothing", () => {
  expect(verifyIt().resultVerifier(newer.keyId)).toBeUndefined();
});

test("the same number again is accepted", () => {
  expect(verifyIt(issue(), 7n).number).toBe(7n);
});

test.each([
  { name: "nothing", delegated: create(DelegatedManifestSchema) },
  { name: "a signer without delegation", delegated: issue({}, newSigner()) },
  {
    name: "a delegation by one root key",
    delegated: issue({}, signer, delegate(now + 10n, [newSigner(), ...processor.slice(0, 1)])),
  },
  {
    name: "a delegation by another root",
    delegated: issue({}, signer, delegate(now + 10n, others)),
  },
  { name: "an expired delegation", delegated: issue({}, signer, delegate(now - 1n)) },
  { name: "an expired manifest", delegated: issue({ expiresAtMs: now - 1n }) },
  { name: "a manifest from the future", delegated: issue({ issuedAtMs: now + 1n }) },
  {
    name: "a life over seven days",
    delegated: issue({ expiresAtMs: now - 4n + BigInt(MANIFEST_LIFE_MS) }),
  },
  { name: "number 0", delegated: issue({ number: 0n }) },
  { name: "no keys", delegated: issue({ keys: [] }) },
  {
    name: "a key id that is not its key's",
    delegated: issue({ keys: [{ ...newer, keyId: older.keyId }] }),
  },
  { name: "a key without purpose", delegated: issue({ keys: [{ ...newer, purpose: 0 }] }) },
  { name: "version 2", delegated: issue({ version: 2 }) },
])("refuses $name, always with the same words", ({ delegated }) => {
  expect(errorFrom(() => verifyIt(delegated))).toEqual({
    code: "KEY_NOT_VALID",
    message: "key manifest rejected",
  });
});

test("refuses a number lower than one seen before", () => {
  expect(errorFrom(() => verifyIt(issue(), 8n)).code).toBe("KEY_NOT_VALID");
});
