import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  type ReaderCertificate,
  ReaderCertificateSchema,
  SignedEnvelopeSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import type { SessionRequest, SessionResponse } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { type LogFields, silentLog } from "../../mesh/log.ts";
import { frameStreamPair } from "../../mesh/testing/frame-stream-pair.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { generateSigner, type Signer } from "../../sealing/curves/curves.ts";
import { certificateIdOf } from "../../sealing/curves/hash.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { verifyTerminalCertificate } from "../../sealing/keys/certificates.ts";
import { issueManifest, issueReaderCertificate } from "../../sealing/keys/issue-certificates.ts";
import { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import { KeyFolder } from "../../sealing/keys/key-files.ts";
import { FakeReader, type FakeReaderOptions } from "../../test/fixtures/fake-reader.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { ReaderSession } from "./reader-session.ts";

const clock = new ManualClock();

/** A real terminal's session with a reader that a test leads, in memory. */
async function openSession(keys: TestKeys, options: Partial<FakeReaderOptions> = {}) {
  const { terminal, reader, trustedRoots: roots, random } = keys;
  const serials: string[] = [];
  const reasons: unknown[] = [];
  const file = { read: async () => undefined, write: async () => undefined };
  const manifest = await KeptManifest.open(curves, roots, file);
  await manifest.offer(revoking(keys, REVOKED_READER), clock.nowMs());
  const envelope = terminal.certificate;
  const certificate = verifyTerminalCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
  const warn = (_message: string, fields?: LogFields) => void reasons.push(fields?.errorName);
  const pair = frameStreamPair<SessionRequest, SessionResponse>();
  const over = Promise.withResolvers<void>();
  const session = new ReaderSession(
    pair.client,
    {
      curves,
      clock,
      random,
      roots,
      manifest,
      envelope,
      certificate,
      identity: terminal.identity,
      log: { ...silentLog, warn },
    },
    {
      onOpen: (peer) => void serials.push(peer.certificate.serial),
      onMessage: () => undefined,
      onDrain: () => undefined,
      onOver: () => over.resolve(),
    },
  );
  const { certificate: readerCertificate, identity } = reader;
  const fake = new FakeReader(pair.server, {
    certificate: readerCertificate,
    identity,
    clock,
    random,
    ...options,
  });
  return { session, fake, serials, reasons, over: over.promise };
}

const REVOKED_READER = "SIM-9999";

function revoking(keys: TestKeys, serial: string) {
  const { wire, delegated } = keys.manifest;
  const signer = curves.signer(keys.folder("processor").readKey("manifest-signer"));
  const revokedCertificateIds = [certificateIdOf(revokedReader(keys, serial).payload)];
  const delegation = delegated.delegation ?? create(SignedEnvelopeSchema);
  return issueManifest({ ...wire, revokedCertificateIds }, signer, delegation);
}

function revokedReader(keys: TestKeys, serial: string) {
  return reissued(keys, { serial });
}

/** The reader's certificate with other contents. */
function reissued(keys: TestKeys, changes: Partial<ReaderCertificate>, signers?: Signer[]) {
  const { payload } = keys.reader.certificate;
  const body = strictDecode(ReaderCertificateSchema, payload, "certificate");
  const roots = new KeyFolder(join(keys.directory, "roots")).readKeys("vendor-root");
  const rootSigners = roots.map(({ secretKey }) => curves.signer(secretKey));
  return issueReaderCertificate({ ...body, ...changes }, signers ?? rootSigners.slice(0, 2));
}

const oneRootKey = (keys: TestKeys) => {
  const [first] = new KeyFolder(join(keys.directory, "roots")).readKeys("vendor-root");
  return first === undefined ? [] : [curves.signer(first.secretKey)];
};

const stranger = (keys: TestKeys) => generateSigner({ curves, random: keys.random }).signer;
const flipLastBit = (bytes: Uint8Array) =>
  bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));

const refusals: readonly (readonly [
  name: string,
  options: (keys: TestKeys) => Partial<FakeReaderOptions>,
  reason: string,
])[] = [
  [
    "a certificate of an unknown root",
    (keys) => ({ certificate: reissued(keys, {}, [stranger(keys), stranger(keys)]) }),
    "signatures",
  ],
  [
    "a certificate that one of three root keys signed",
    (keys) => ({ certificate: reissued(keys, {}, oneRootKey(keys)) }),
    "signatures",
  ],
  [
    "an expired certificate",
    (keys) => ({ certificate: reissued(keys, { notAfterMs: BigInt(clock.nowMs() - 1) }) }),
    "dates",
  ],
  [
    "a certificate that is not valid yet",
    (keys) => ({ certificate: reissued(keys, { notBeforeMs: BigInt(clock.nowMs() + 1) }) }),
    "dates",
  ],
  [
    "a revoked certificate",
    (keys) => ({ certificate: revokedReader(keys, REVOKED_READER) }),
    "reader certificate revoked",
  ],
  [
    "a terminal's certificate",
    (keys) => ({ certificate: keys.terminal.certificate }),
    "signatures",
  ],
  [
    "M4 signed by another key than the certificate's",
    (keys) => ({ identity: stranger(keys) }),
    "M4 by another key than the certificate's",
  ],
  [
    "a Hello that names another terminal certificate",
    () => ({ terminalDigest: new Uint8Array(64) }),
    "Hello names another terminal certificate",
  ],
  [
    "a first message that is not Hello",
    () => ({ firstMessage: { case: "heartbeat", value: {} } }),
    "first message is not Hello",
  ],
  [
    "an M1 that is none",
    () => ({ onWay: (name, salt) => (name === "M1" ? salt.subarray(1) : salt) }),
    "channel packet",
  ],
  [
    "one bit of M4 flipped",
    () => ({ onWay: (name, salt) => (name === "M4" ? flipLastBit(salt) : salt) }),
    "box",
  ],
  [
    "a packet that is too large",
    () => ({ onWay: () => new Uint8Array(8_193) }),
    "packet too large",
  ],
];

test.each(refusals)("a terminal does not trust a reader with %s", async (...row) => {
  const [, options, reason] = row;
  using keys = new TestKeys({ nowMs: clock.nowMs() });
  const opened = await openSession(keys, options(keys));
  await opened.over;
  expect((await opened.fake.ended).code).toBe(Code.Unauthenticated);
  expect({ serials: opened.serials, reasons: opened.reasons }).toEqual({
    serials: [],
    reasons: [reason],
  });
  // Not even a Hello: nothing of a payment can have been said.
  expect(opened.fake.heard).toEqual([]);
});

test("the serial number is known once both Hellos are said", async () => {
  using keys = new TestKeys({ nowMs: clock.nowMs() });
  const { fake, serials, reasons } = await openSession(keys);
  await clock.advance(0);
  expect({ serials, reasons, heard: fake.heard }).toEqual({
    serials: [keys.reader.serial],
    reasons: [],
    heard: ["hello"],
  });
});

test("a reader that falls silent is given up after 25 s, having been spoken to", async () => {
  using keys = new TestKeys({ nowMs: clock.nowMs() });
  const opened = await openSession(keys);
  await clock.advance(25_000);
  await opened.over;
  expect(opened.fake.heard).toEqual(["hello", "heartbeat", "heartbeat"]);
  expect(opened.reasons).toEqual(["nothing heard"]);
});

test("a reader that never says M1 is given up after 10 s", async () => {
  using keys = new TestKeys({ nowMs: clock.nowMs() });
  const opened = await openSession(keys, { onWay: () => undefined });
  await clock.advance(9_999);
  expect(opened.reasons).toEqual([]);
  await clock.advance(1);
  await opened.over;
  expect(opened.reasons).toEqual(["handshake took too long"]);
});
