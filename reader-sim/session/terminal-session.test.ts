import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  type DelegatedManifest,
  SignedEnvelopeSchema,
  TerminalCertificateSchema,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import type { Log, LogFields } from "../../mesh/log.ts";
import { silentLog } from "../../mesh/log.ts";
import { strictDecode } from "../../payment/wire/strict-decode.ts";
import { generateSigner } from "../../sealing/curves/curves.ts";
import { certificateIdOf } from "../../sealing/curves/hash.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { issueManifest, issueTerminalCertificate } from "../../sealing/keys/issue-certificates.ts";
import { KeyFolder } from "../../sealing/keys/key-files.ts";
import type { FakeTerminalOptions } from "../../test/fixtures/fake-terminal.ts";
import { prepareOf, ReaderBench } from "../../test/fixtures/reader-bench.ts";

/** Collects what only the security log gets to know. */
class Reasons {
  readonly reasons: unknown[] = [];
  readonly log: Log = {
    ...silentLog,
    warn: (_message: string, fields?: LogFields) => this.reasons.push(fields?.errorName),
  };
}

async function benchWithReasons() {
  const { reasons, log } = new Reasons();
  const bench = await ReaderBench.start(() => ({ log }));
  return { bench, reasons, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

/**
 * The terminal's certificate with other contents, signed by `signerCount` keys of the true root.
 */
function reissued(
  bench: ReaderBench,
  changes: Partial<{ notAfterMs: bigint; notBeforeMs: bigint }>,
  signerCount = 2,
) {
  const { certificate } = bench.keys.terminal;
  const body = strictDecode(TerminalCertificateSchema, certificate.payload, "certificate");
  return issueTerminalCertificate(
    { ...body, ...changes },
    acquirerRoot(bench).slice(0, signerCount),
  );
}

function acquirerRoot(bench: ReaderBench) {
  const roots = new KeyFolder(join(bench.keys.directory, "roots"));
  return roots.readKeys("acquirer-root").map(({ secretKey }) => curves.signer(secretKey));
}

const strangers = (bench: ReaderBench) =>
  [1, 2].map(() => generateSigner({ curves, random: bench.keys.random }).signer);

const flipLastBit = (bytes: Uint8Array) =>
  bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));

type Refusal = readonly [
  name: string,
  options: (bench: ReaderBench) => Partial<FakeTerminalOptions>,
  reason: string,
];

const DAY_MS = 86_400_000n;

const beforeItShowsItself: readonly Refusal[] = [
  [
    "a certificate of an unknown root",
    (bench) => {
      const { payload } = bench.keys.terminal.certificate;
      const body = strictDecode(TerminalCertificateSchema, payload, "certificate");
      return { certificate: issueTerminalCertificate(body, strangers(bench)) };
    },
    "signatures",
  ],
  [
    "a certificate that one of three root keys signed",
    (bench) => ({ certificate: reissued(bench, {}, 1) }),
    "signatures",
  ],
  [
    "a certificate that one root key signed twice",
    (bench) => {
      const { payload, signatures } = reissued(bench, {}, 1);
      const twice = [...signatures, ...signatures];
      return { certificate: create(SignedEnvelopeSchema, { payload, signatures: twice }) };
    },
    "signatures",
  ],
  [
    "an expired certificate",
    (bench) => {
      const notAfterMs = BigInt(bench.clock.nowMs()) - 1n;
      return { certificate: reissued(bench, { notAfterMs }) };
    },
    "dates",
  ],
  [
    "a certificate that is not valid yet",
    (bench) => {
      const notBeforeMs = BigInt(bench.clock.nowMs()) + DAY_MS;
      return { certificate: reissued(bench, { notBeforeMs }) };
    },
    "dates",
  ],
  [
    "a reader's certificate",
    (bench) => ({ certificate: bench.keys.reader.certificate }),
    "signatures",
  ],
  [
    "M3 signed by another key than the certificate's",
    (bench) => ({ identity: strangers(bench)[0] ?? bench.keys.terminal.identity }),
    "M3 by another key than the certificate's",
  ],
  [
    "its own M1 sent back",
    () => ({ onWay: (_name, _frame, m1) => ({ case: "salt", value: m1 }) }),
    "channel packet",
  ],
  ["one bit of M2 flipped", () => ({ onWay: flipping("M2") }), "box"],
  ["one bit of M3 flipped", () => ({ onWay: flipping("M3") }), "box"],
  ["no certificate", () => ({ onWay: leavingOut("certificate") }), "awaited certificate"],
  ["a certificate before M2", () => ({ onWay: leavingOut("M2") }), "awaited M2"],
  [
    "a packet that is too large",
    () => ({ onWay: () => ({ case: "salt", value: new Uint8Array(8_193) }) }),
    "packet too large",
  ],
];

type OnWay = NonNullable<FakeTerminalOptions["onWay"]>;

const flipping =
  (which: string): OnWay =>
  (name, frame) =>
    name === which && frame.case === "salt"
      ? { case: "salt", value: flipLastBit(frame.value) }
      : frame;

const leavingOut =
  (which: string): OnWay =>
  (name, frame) =>
    name === which ? undefined : frame;

test.each(beforeItShowsItself)("a reader does not show itself to %s", async (...row) => {
  const [, options, reason] = row;
  await using started = await benchWithReasons();
  const { bench, reasons } = started;
  const terminal = bench.connect(options(bench));
  const end = await terminal.ended;
  expect({ code: end.code, message: end.message }).toEqual({
    code: Code.Unauthenticated,
    message: "session refused",
  });
  // M1 names nobody: it is all that a stranger gets.
  expect(terminal.frames).toHaveLength(1);
  expect(reasons).toEqual([reason]);
});

const beforeItObeys: readonly Refusal[] = [
  [
    "a Hello that names another reader certificate",
    () => ({ readerDigest: new Uint8Array(64) }),
    "Hello names another reader certificate",
  ],
  [
    "a first message that is not Hello",
    (bench) => ({
      firstMessage: {
        case: "preparePayment",
        value: { ...prepareOf(), paymentId: bench.newId() },
      },
    }),
    "first message is not Hello",
  ],
  [
    "a terminal that the manifest in its own Hello revokes",
    (bench) => ({ manifest: revoking(bench, bench.keys.terminal.certificate.payload) }),
    "terminal certificate revoked",
  ],
];

test.each(beforeItObeys)("a reader closes on %s", async (...row) => {
  const [, options, reason] = row;
  await using started = await benchWithReasons();
  const { bench, reasons } = started;
  const end = await bench.connect(options(bench)).ended;
  expect({ code: end.code, message: end.message }).toEqual({
    code: Code.Unauthenticated,
    message: "session refused",
  });
  expect(reasons).toEqual([reason]);
  expect(bench.device.display.lines).toEqual(["Welcome"]);
});

/** The current manifest with a higher number and one more revocation. */
function revoking(bench: ReaderBench, payload: Uint8Array): DelegatedManifest {
  const { wire, delegated } = bench.keys.manifest;
  const signer = curves.signer(bench.keys.folder("processor").readKey("manifest-signer"));
  const { delegation } = delegated;
  if (delegation === undefined) throw new Error("no delegation");
  const revokedCertificateIds = [certificateIdOf(payload)];
  return issueManifest(
    { ...wire, number: wire.number + 1n, revokedCertificateIds },
    signer,
    delegation,
  );
}

test("a revocation outlives a restart, and then comes before M4", async () => {
  await using started = await benchWithReasons();
  const { bench, reasons } = started;
  const manifest = revoking(bench, bench.keys.terminal.certificate.payload);
  await bench.connect({ manifest }).ended;
  await bench.crash();
  const terminal = bench.connect();
  await terminal.ended;
  expect(terminal.frames).toHaveLength(1);
  expect(reasons).toEqual(["terminal certificate revoked", "terminal certificate revoked"]);
});

test("a reader is paired with the merchant of its first session, for ever", async () => {
  await using started = await benchWithReasons();
  const { bench, reasons } = started;
  const first = await bench.terminal();
  first.say({ case: "close", value: {} });
  await first.next("close");
  await bench.crash();
  const other = bench.keys.anotherTerminal("TILL0002", "ANOTHERSHOP0001");
  const { certificate, identity } = other;
  await bench.connect({ certificate, identity }).ended;
  const sameMerchant = bench.keys.anotherTerminal("TILL0003", bench.keys.terminal.merchantId);
  await bench.terminal({
    certificate: sameMerchant.certificate,
    identity: sameMerchant.identity,
  });
  expect(reasons).toEqual(["paired with another merchant"]);
});

test("an older manifest does not replace a newer one, and the session goes on", async () => {
  await using bench = await ReaderBench.start();
  const newer = revoking(bench, new Uint8Array(1));
  const terminal = await bench.terminal({ manifest: newer });
  terminal.say({ case: "manifest", value: bench.keys.delegatedManifest });
  const payment = await bench.takePayment(terminal);
  const hello = await bench.connect().next("hello");
  expect(payment.readerPayment.length).toBeGreaterThan(0);
  expect(hello.manifestNumber).toBe(bench.keys.manifest.number + 1n);
});

test("silence is answered: a handshake after 10 s, a session after 25 s", async () => {
  await using bench = await ReaderBench.start();
  const silent = bench.openStream();
  const { promise: silentEnd, resolve } = Promise.withResolvers<number>();
  silent.client.onEnd(({ code }) => resolve(code));
  await bench.clock.advance(10_000);
  expect(await silentEnd).toBe(Code.Unauthenticated);
  const terminal = await bench.terminal();
  await bench.clock.advance(25_000);
  await terminal.next("heartbeat");
  expect((await terminal.ended).code).toBe(Code.Unauthenticated);
});

test.each([
  { name: "a packet that does not open", frame: { case: "salt", value: new Uint8Array(60) } },
  {
    name: "a certificate",
    frame: { case: "terminalCertificate", value: create(SignedEnvelopeSchema) },
  },
  { name: "an empty frame", frame: { case: undefined } },
] as const)("an open session ends on $name", async ({ frame }) => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  terminal.sendRaw(frame);
  expect((await terminal.ended).message).toBe("session refused");
});

test("a new session takes the place of the one before; its payment is stopped", async () => {
  await using bench = await ReaderBench.start();
  const first = await bench.terminal();
  first.say({ case: "preparePayment", value: { ...prepareOf(), paymentId: bench.newId() } });
  await first.next("prepared");
  const second = await bench.terminal();
  await bench.takePayment(second);
  first.say({ case: "showUnknown", value: { paymentId: bench.newId() } });
  await bench.clock.advance(1);
  expect(bench.device.display.lines).toEqual(["Corner Coffee", "12.50 EUR", "Please wait"]);
});
