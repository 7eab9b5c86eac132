import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { KeyPurpose } from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  Outcome,
  type SignedPayment,
  type SignedResult,
  SignedResultSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ReaderEventKind, ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { issueManifest } from "../../sealing/keys/issue-certificates.ts";
import type { FakeTerminal } from "../../test/fixtures/fake-terminal.ts";
import { prepareOf, ReaderBench } from "../../test/fixtures/reader-bench.ts";
import { withFlippedBit } from "../../test/fixtures/signed-results.ts";

async function show(terminal: FakeTerminal, result: SignedResult | undefined) {
  terminal.say({ case: "showResult", value: { ...(result && { result }) } });
  const { shown, displayLines } = await terminal.next("resultShown");
  return { shown, displayLines };
}

test.each([
  {
    name: "APPROVED with the amount",
    result: {},
    shown: ShownOutcome.APPROVED,
    displayLines: ["APPROVED", "12.50 EUR"],
  },
  {
    name: "APPROVED with the smaller amount that was approved",
    result: { outcome: Outcome.PARTIALLY_APPROVED, responseCode: "10", approvedAmountMinor: 800n },
    shown: ShownOutcome.APPROVED,
    displayLines: ["APPROVED", "8.00 EUR"],
  },
  {
    name: "DECLINED",
    result: { outcome: Outcome.DECLINED },
    shown: ShownOutcome.DECLINED,
    displayLines: ["DECLINED", "Nothing was charged"],
  },
  {
    name: "REVERSED",
    result: { outcome: Outcome.REVERSED },
    shown: ShownOutcome.REVERSED,
    displayLines: ["REVERSED", "Nothing was charged"],
  },
])("a result is shown as $name, and the signed bytes are gone", async (expected) => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const payment = await bench.takePayment(terminal, { acceptPartial: true });
  const { shown, displayLines } = expected;
  expect(await show(terminal, bench.result(payment, expected.result))).toEqual({
    shown,
    displayLines,
  });
  expect(bench.device.display).toEqual({ shown, lines: displayLines });
  expect((await terminal.next("event")).kind).toBe(ReaderEventKind.PROMPT_REMOVE_CARD);
  expect(await bench.files.list("signed-")).toEqual([]);
});

type Forgery = readonly [
  name: string,
  forge: (bench: ReaderBench, payment: SignedPayment) => SignedResult | undefined,
];

const forgeries: readonly Forgery[] = [
  ["nothing", () => undefined],
  ["one bit of the outcome flipped", (bench, payment) => withFlippedBit(bench.result(payment), 30)],
  [
    "another signature",
    (bench, payment) => {
      const signature = new Uint8Array(64);
      return create(SignedResultSchema, { ...bench.result(payment), signature });
    },
  ],
  [
    "a key that the manifest does not list",
    (bench, payment) => {
      const keyId = new Uint8Array(8);
      return create(SignedResultSchema, { ...bench.result(payment), keyId });
    },
  ],
  [
    "the digest of another context",
    (bench, payment) => bench.result(payment, { contextDigest: new Uint8Array(64) }),
  ],
  [
    "the id of another payment",
    (bench, payment) => bench.result(payment, { paymentId: bench.newId() }),
  ],
  ["another reader", (bench, payment) => bench.result(payment, { readerSerial: "SIM-0002" })],
  ["another currency", (bench, payment) => bench.result(payment, { currency: 840 })],
  [
    "more than was signed",
    (bench, payment) => bench.result(payment, { approvedAmountMinor: 1_251n }),
  ],
  [
    "less than was signed, which nobody accepted",
    (bench, payment) =>
      bench.result(payment, {
        outcome: Outcome.PARTIALLY_APPROVED,
        approvedAmountMinor: 1_000n,
      }),
  ],
  [
    "a decline with an amount",
    (bench, payment) =>
      bench.result(payment, { outcome: Outcome.DECLINED, approvedAmountMinor: 1n }),
  ],
  ["no outcome", (bench, payment) => bench.result(payment, { outcome: Outcome.UNSPECIFIED })],
  ["another layout version", (bench, payment) => bench.result(payment, { version: 2 })],
  [
    "a time that is over",
    (bench, payment) => bench.result(payment, { validUntilMs: BigInt(bench.clock.nowMs() - 1) }),
  ],
  [
    "a time before its key was valid",
    (bench, payment) => {
      const keys = bench.keys.manifest.wire.keys;
      const key = keys.find(({ purpose }) => purpose === KeyPurpose.PROCESSOR_RESULT);
      return bench.result(payment, { processorTimeMs: (key?.notBeforeMs ?? 0n) - 1n });
    },
  ],
];

test.each(forgeries)(
  "a result with %s is UNKNOWN, and the true one still counts",
  async (...row) => {
    const [, forge] = row;
    await using bench = await ReaderBench.start();
    const terminal = await bench.terminal();
    const payment = await bench.takePayment(terminal);
    expect(await show(terminal, forge(bench, payment))).toEqual({
      shown: ShownOutcome.UNKNOWN,
      displayLines: ["UNKNOWN", "Wait for the cashier"],
    });
    expect((await show(terminal, bench.result(payment))).shown).toBe(ShownOutcome.APPROVED);
  },
);

test("a result key whose time was over when the result was made is refused", async () => {
  await using bench = await ReaderBench.start();
  const nowMs = BigInt(bench.clock.nowMs());
  const { wire, delegated } = bench.keys.manifest;
  const { delegation } = delegated;
  const signer = curves.signer(bench.keys.folder("processor").readKey("manifest-signer"));
  const keys = wire.keys.map((key) =>
    key.purpose === KeyPurpose.PROCESSOR_RESULT ? { ...key, notAfterMs: nowMs - 1n } : key,
  );
  const changed = { ...wire, keys, number: wire.number + 1n };
  const manifest = issueManifest(changed, signer, delegation ?? bench.keys.terminal.certificate);
  const terminal = await bench.terminal({ manifest });
  const payment = await bench.takePayment(terminal);
  expect((await show(terminal, bench.result(payment))).shown).toBe(ShownOutcome.UNKNOWN);
});

test("a reversal after the approval is shown; the approval never again", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const payment = await bench.takePayment(terminal);
  const approved = bench.result(payment);
  const reversed = bench.result(payment, { outcome: Outcome.REVERSED, revision: 2 });
  expect((await show(terminal, approved)).shown).toBe(ShownOutcome.APPROVED);
  expect((await show(terminal, approved)).shown).toBe(ShownOutcome.APPROVED);
  expect((await show(terminal, reversed)).shown).toBe(ShownOutcome.REVERSED);
  expect((await show(terminal, approved)).shown).toBe(ShownOutcome.UNKNOWN);
});

test("without an answer UNKNOWN is shown, and a late answer still is", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const paymentId = bench.newId();
  const payment = await bench.takePayment(terminal, { paymentId });
  terminal.say({ case: "showUnknown", value: { paymentId } });
  expect((await terminal.next("resultShown")).shown).toBe(ShownOutcome.UNKNOWN);
  expect(bench.device.display.lines[0]).toBe("UNKNOWN");
  expect((await show(terminal, bench.result(payment))).shown).toBe(ShownOutcome.APPROVED);
});

test("a late answer to the payment before is not shown as the answer to this one", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const first = await bench.takePayment(terminal);
  await bench.takePayment(terminal, { totalMinor: 9_900n });
  expect((await show(terminal, bench.result(first))).shown).toBe(ShownOutcome.APPROVED);
  expect(bench.device.display.lines).toEqual(["Corner Coffee", "99.00 EUR", "Please wait"]);
});

test("no result is taken while a card is awaited", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const payment = await bench.takePayment(terminal);
  const value = { ...prepareOf(), paymentId: bench.newId() };
  terminal.say({ case: "preparePayment", value });
  terminal.say({ case: "showResult", value: { result: bench.result(payment) } });
  expect((await terminal.next("fault")).code).toBe("READER_BUSY");
});

test("signed bytes are kept for a minute after they could be submitted, not longer", async () => {
  await using bench = await ReaderBench.start();
  const terminal = await bench.terminal();
  const payment = await bench.takePayment(terminal);
  const { context } = parseReaderPayment(payment.readerPayment);
  const submitBeforeMs = Number(context.wire.submitBeforeMs);
  await bench.clock.advance(submitBeforeMs - bench.clock.nowMs() + 59_999);
  expect(await bench.files.list("signed-")).toHaveLength(1);
  await bench.clock.advance(1);
  expect(await bench.files.list("signed-")).toEqual([]);
  expect(bench.device.display.shown).toBe(ShownOutcome.UNKNOWN);
});
