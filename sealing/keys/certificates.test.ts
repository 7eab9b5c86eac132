import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  type ReaderCertificateSchema,
  type SignedEnvelope,
  SignedEnvelopeSchema,
  TrustedRootsSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { errorFrom } from "../../test/error-from.ts";
import type { Signer } from "../curves/curves.ts";
import { certificateIdOf } from "../curves/hash.ts";
import { nodeCurves as curves } from "../curves/node-curves.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import {
  verifyReaderCertificate,
  verifyRelayCertificate,
  verifyTerminalCertificate,
} from "./certificates.ts";
import {
  issueReaderCertificate,
  issueRelayCertificate,
  issueTerminalCertificate,
} from "./issue-certificates.ts";
import { parseTrustedRoots } from "./trusted-roots.ts";

const random = seededRandom("certificates");
const nowMs = 1_700_000_000_000;
const dates = { notBeforeMs: BigInt(nowMs - 1_000), notAfterMs: BigInt(nowMs + 1_000) };
const newSigner = () => curves.signer(random.bytes(32));
const threeSigners = (): [Signer, Signer, Signer] => [newSigner(), newSigner(), newSigner()];
const [vendor, acquirer, processor] = [threeSigners(), threeSigners(), threeSigners()];
const rootsOf = (development: boolean) =>
  parseTrustedRoots(
    create(TrustedRootsSchema, {
      vendorKeys: vendor.map(({ publicKey }) => publicKey),
      acquirerKeys: acquirer.map(({ publicKey }) => publicKey),
      processorKeys: processor.map(({ publicKey }) => publicKey),
      development,
    }),
    curves,
  );
const roots = rootsOf(true);

const readerFields = {
  version: 1,
  serial: "RD-0001",
  identityKey: newSigner().publicKey,
  signingKey: newSigner().publicKey,
  model: "sim-1",
  dukptInitialKeyId: random.bytes(8),
  development: true,
  ...dates,
} satisfies MessageInitShape<typeof ReaderCertificateSchema>;
const issueReader = (
  change: MessageInitShape<typeof ReaderCertificateSchema> = {},
  signers: readonly Signer[] = vendor.slice(0, 2),
) => issueReaderCertificate({ ...readerFields, ...change } as typeof readerFields, signers);
const verifyReader = (envelope: SignedEnvelope | undefined, trusted = roots, at = nowMs) =>
  verifyReaderCertificate({ curves, roots: trusted, envelope, nowMs: at });

test("a reader certificate of two of three keys gives serial, keys and id", () => {
  const envelope = issueReader();
  const certificate = verifyReader(envelope);
  expect(certificate.serial).toBe("RD-0001");
  expect(certificate.identity.publicKey).toEqual(readerFields.identityKey);
  expect(certificate.signing.publicKey).toEqual(readerFields.signingKey);
  expect(certificate.id).toEqual(certificateIdOf(envelope.payload));
});

test.each([
  { name: "first and third", pick: [vendor[0], vendor[2]] },
  { name: "second and third", pick: [vendor[1], vendor[2]] },
  { name: "all three", pick: vendor },
])("$name root keys suffice", ({ pick }) => {
  expect(verifyReader(issueReader({}, pick)).serial).toBe("RD-0001");
});

const small = new Uint8Array(32);
small[0] = 1;
test.each([
  { name: "nothing", envelope: undefined },
  { name: "one signature", envelope: issueReader({}, [vendor[0]]) },
  { name: "one key twice", envelope: issueReader({}, [vendor[0], vendor[0]]) },
  { name: "another root", envelope: issueReader({}, acquirer) },
  { name: "a stranger beside one root key", envelope: issueReader({}, [vendor[0], newSigner()]) },
  { name: "version 2", envelope: issueReader({ version: 2 }) },
  { name: "a serial with spaces", envelope: issueReader({ serial: "RD 1" }) },
  { name: "an expired date", envelope: issueReader({ notAfterMs: BigInt(nowMs - 1) }) },
  { name: "a date to come", envelope: issueReader({ notBeforeMs: BigInt(nowMs + 1) }) },
  { name: "a signing key of small order", envelope: issueReader({ signingKey: small }) },
  { name: "a short identity key", envelope: issueReader({ identityKey: new Uint8Array(31) }) },
])("refuses a reader certificate with $name, always with the same words", ({ envelope }) => {
  expect(errorFrom(() => verifyReader(envelope))).toEqual({
    code: "CERTIFICATE_REJECTED",
    message: "reader certificate rejected",
  });
});

test("refuses a development certificate where the roots are not for development", () => {
  expect(errorFrom(() => verifyReader(issueReader(), rootsOf(false))).code).toBe(
    "CERTIFICATE_REJECTED",
  );
});

test("refuses a certificate with one flipped bit, wherever it is", () => {
  const envelope = issueReader();
  const accepted = [...envelope.payload.keys()].filter((index) => {
    const payload = envelope.payload.slice();
    payload[index] = (payload[index] ?? 0) ^ 1;
    const flipped = create(SignedEnvelopeSchema, { ...envelope, payload });
    return isAccepted(() => verifyReader(flipped));
  });
  expect(accepted).toEqual([]);
});

describe("terminal and relay certificates", () => {
  const terminal = issueTerminalCertificate(
    {
      version: 1,
      terminalId: "TERM0001",
      merchantId: "MERCHANT0000001",
      merchantName: "Corner Café",
      country: 276,
      merchantCategoryCode: 5812,
      identityKey: newSigner().publicKey,
      signingKey: newSigner().publicKey,
      development: true,
      ...dates,
    },
    acquirer.slice(1),
  );
  const relay = issueRelayCertificate(
    {
      version: 1,
      relayId: "A1",
      hopKey: curves.agreement(random.bytes(32)).publicKey,
      signingKey: newSigner().publicKey,
      development: true,
      ...dates,
    },
    acquirer.slice(0, 2),
  );

  test("are verified against the acquirer root", () => {
    const check = { curves, roots, nowMs };
    expect(verifyTerminalCertificate({ ...check, envelope: terminal })).toMatchObject({
      terminalId: "TERM0001",
      merchantId: "MERCHANT0000001",
    });
    expect(verifyRelayCertificate({ ...check, envelope: relay }).relayId).toBe("A1");
  });

  test.each([
    { name: "a relay for a terminal", run: verifyTerminalCertificate, envelope: relay },
    { name: "a terminal for a relay", run: verifyRelayCertificate, envelope: terminal },
    { name: "a terminal for a reader", run: verifyReaderCertificate, envelope: terminal },
    { name: "a reader for a terminal", run: verifyTerminalCertificate, envelope: issueReader() },
  ])("never pass $name", ({ run, envelope }) => {
    expect(errorFrom(() => run({ curves, roots, envelope, nowMs })).code).toBe(
      "CERTIFICATE_REJECTED",
    );
  });
});

test("an installation with two keys of a root does not start", () => {
  const wire = create(TrustedRootsSchema, { vendorKeys: [vendor[0].publicKey] });
  expect(() => parseTrustedRoots(wire, curves)).toThrow("trusted roots need 3 vendor keys, got 1");
});

function isAccepted(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
