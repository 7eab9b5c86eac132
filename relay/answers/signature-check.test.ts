import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Outcome, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ResultsSignatureSchema } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { silentLog } from "../../mesh/log.ts";
import { signBoxResults } from "../../sealing/boxes/box-results.ts";
import { equalBytes } from "../../sealing/bytes.ts";
import type { Curves } from "../../sealing/curves/curves.ts";
import { nodeCurves } from "../../sealing/curves/node-curves.ts";
import { APPROVE, type FakeProcessor, REVERSE } from "../../test/fixtures/fake-processor.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

const { APPROVED, REVERSED } = PaymentState;
const RELAY_ID = "A1";
type VouchFor = FakeProcessor["vouchFor"];

/** A relay, what it warned of, and how often it verified with the processor's result key. */
async function watchedRelay(bed: TestBed) {
  const { processor } = bed;
  const watched = { verifications: 0, warnings: [] as string[] };
  const curves: Curves = {
    ...nodeCurves,
    verifier: (publicKey) => {
      const verifier = nodeCurves.verifier(publicKey);
      const isResultKey = equalBytes(publicKey, processor.resultSigner.publicKey);
      return {
        ...verifier,
        verify: (message, signature) => {
          watched.verifications += Number(isResultKey);
          return verifier.verify(message, signature);
        },
      };
    },
  };
  const log = { ...silentLog, warn: (message: string) => void watched.warnings.push(message) };
  const relay = await bed.startRelay({ curves, log });
  await bed.register(relay);
  return Object.assign(watched, { terminal: relay.openTerminal() });
}

/** Signs as a processor of this release does. */
function honestly({ processor }: TestBed): VouchFor {
  return (answers) => signBoxResults({ relayId: RELAY_ID, answers }, processor.resultSigner);
}

/** The right layout, signed with a key that is in no manifest. */
function forging({ processor, keys }: TestBed): VouchFor {
  const { keyId } = processor.resultSigner;
  const forger = { ...keys.reader.signing, keyId };
  return (answers) => signBoxResults({ relayId: RELAY_ID, answers }, forger);
}

const WRONG = "a signature over all results of a box is wrong: each is verified";

test.each<{ name: string; by: (bed: TestBed) => VouchFor; verified: number; warned: string[] }>([
  { name: "right", by: honestly, verified: 1, warned: [] },
  { name: "absent", by: () => () => undefined, verified: 3, warned: [] },
  { name: "forged", by: forging, verified: 4, warned: [WRONG] },
  {
    name: "of an unknown key",
    by: () => () => create(ResultsSignatureSchema, { keyId: new Uint8Array(8).fill(9) }),
    verified: 3,
    warned: [WRONG],
  },
  {
    name: "another relay's",
    by:
      ({ processor }) =>
      (answers) =>
        signBoxResults({ relayId: "B2", answers }, processor.resultSigner),
    verified: 4,
    warned: [WRONG],
  },
])("a box signature that is $name: $verified verifications for 3 good results", async (one) => {
  await using bed = await TestBed.start();
  bed.processor.answersPerBox = 3;
  bed.processor.vouchFor = one.by(bed);
  const relay = await watchedRelay(bed);
  const payments = [bed.signer.sign(), bed.signer.sign(), bed.signer.sign()];
  for (const { signed } of payments) relay.terminal.submit(signed);
  for (const { paymentId } of payments) await relay.terminal.completedAs(paymentId, APPROVED);
  expect(relay.verifications).toBe(one.verified);
  expect(relay.warnings).toEqual(one.warned);
});

test("one result alone is believed by its own signature", async () => {
  await using bed = await TestBed.start();
  const { resultSigner } = bed.processor;
  bed.processor.vouchFor = (answers) =>
    signBoxResults({ relayId: RELAY_ID, answers: [...answers, ...answers] }, resultSigner);
  const relay = await watchedRelay(bed);
  const { signed, paymentId } = bed.signer.sign();
  relay.terminal.submit(signed);
  await relay.terminal.completedAs(paymentId, APPROVED);
  expect(relay.verifications).toBe(1);
});

test.each<{ name: string; by: (bed: TestBed) => VouchFor }>([
  { name: "without a box signature", by: () => () => undefined },
  { name: "with a forged box signature", by: forging },
])("a forged result $name is no answer, and its neighbour is", async ({ by }) => {
  await using bed = await TestBed.start();
  const { processor } = bed;
  processor.answersPerBox = 2;
  processor.vouchFor = by(bed);
  // The first of the two.
  processor.decide = () => {
    processor.forgesResults = processor.authorizations.length === 1;
    return APPROVE;
  };
  const { terminal } = await watchedRelay(bed);
  const payments = [bed.signer.sign(), bed.signer.sign()];
  for (const { signed } of payments) terminal.submit(signed);
  await terminal.until(() => terminal.completed.length === 1);
  processor.forgesResults = false;
  processor.answersPerBox = 1;
  await bed.putForward(25_000);
  await terminal.until(() => terminal.completed.length === 3);
  const states = terminal.completed.map(({ state }) => state);
  expect(states).toEqual([APPROVED, PaymentState.REVERSING, REVERSED]);
});

test("what a box signature vouches for must still be the answer to the payment", async () => {
  await using bed = await TestBed.start();
  const { processor } = bed;
  processor.answersPerBox = 2;
  processor.vouchFor = honestly(bed);
  processor.decide = () => ({ result: { outcome: Outcome.APPROVED, approvedAmountMinor: 1n } });
  const { terminal } = await watchedRelay(bed);
  const payments = [bed.signer.sign(), bed.signer.sign()];
  for (const { signed } of payments) terminal.submit(signed);
  await processor.until(() => processor.authorizations.length === 2);
  await bed.putForward(25_000);
  for (const { paymentId } of payments) await terminal.completedAs(paymentId, REVERSED);
});

test("the answers to reversals are believed by one box signature, too", async () => {
  await using bed = await TestBed.start();
  const { processor } = bed;
  processor.answersPerBox = 2;
  processor.vouchFor = honestly(bed);
  processor.decide = () => "silence";
  processor.decideReversal = () => REVERSE;
  const relay = await watchedRelay(bed);
  const { terminal } = relay;
  const payments = [bed.signer.sign(), bed.signer.sign()];
  for (const { signed } of payments) terminal.submit(signed);
  for (const { paymentId } of payments) await terminal.recordedOf(paymentId);
  await bed.putForward(25_000);
  for (const { paymentId } of payments) await terminal.completedAs(paymentId, REVERSED);
  expect(relay.verifications).toBe(1);
});
