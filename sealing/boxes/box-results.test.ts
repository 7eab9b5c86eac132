import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  DelegatedManifestSchema,
  KeyManifestSchema,
  KeyPurpose,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { type SignedResult, SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Answer,
  AnswerSchema,
  ResultsSignatureSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { generateSigner } from "../curves/curves.ts";
import { nodeCurves as curves } from "../curves/node-curves.ts";
import { sign } from "../keys/dsse.ts";
import { Manifest } from "../keys/manifest.ts";
import { withOneBitFlipped } from "../testing/one-bit-flipped.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { signBoxResults, verifyBoxResults } from "./box-results.ts";

// More refusals are in test/vectors/box-results.json.

const random = seededRandom("box results");
const { signer } = generateSigner({ curves, random });
const { signer: other } = generateSigner({ curves, random });
const relayId = "A1";
const answers = [1n, 2n, 3n].map((requestNumber) => {
  const result = random.bytes(300);
  const value = { result, signature: sign("result", result, signer), keyId: signer.keyId };
  return create(AnswerSchema, { requestNumber, answer: { case: "result", value } });
});
const fault = create(AnswerSchema, { requestNumber: 4n, answer: { case: "fault", value: {} } });

function manifestWith(purpose: KeyPurpose): Manifest {
  const keys = [signer, other].map(({ keyId, publicKey }) => ({ keyId, publicKey, purpose }));
  const wire = create(KeyManifestSchema, { keys });
  return new Manifest({ wire, delegated: create(DelegatedManifestSchema), curves });
}

const resultsSignature =
  signBoxResults({ relayId, answers }, signer) ?? create(ResultsSignatureSchema);
const manifest = manifestWith(KeyPurpose.PROCESSOR_RESULT);

function believes(change: Partial<Parameters<typeof verifyBoxResults>[0]> = {}): boolean {
  return verifyBoxResults({ relayId, answers, resultsSignature, manifest, ...change });
}

test("what the processor signs is believed", () => {
  expect(believes()).toBe(true);
});

test("faults in between change nothing", () => {
  expect(believes({ answers: [fault, ...answers] })).toBe(true);
});

test.each([KeyPurpose.PROCESSOR_HOP, KeyPurpose.PROCESSOR_CARD, KeyPurpose.PIN_SERVICE])(
  "a key of the purpose %s vouches for no results",
  (purpose) => {
    expect(believes({ manifest: manifestWith(purpose) })).toBe(false);
  },
);

test.each<{ name: string; answers: readonly Answer[] }>([
  { name: "nothing", answers: [] },
  { name: "one result", answers: answers.slice(0, 1) },
  { name: "one result and a fault", answers: [...answers.slice(0, 1), fault] },
])("$name is not signed", ({ answers: few }) => {
  expect(signBoxResults({ relayId, answers: few }, signer)).toBeUndefined();
});

test("nothing is signed for a key that did not sign each result", () => {
  expect(signBoxResults({ relayId, answers }, other)).toBeUndefined();
});

test.each(["result", "signature", "keyId"] as const)("no bit of any %s may change", (field) => {
  const [one, ...rest] = answers as [Answer, ...Answer[]];
  const signed = one.answer.value as SignedResult;
  const believed = withOneBitFlipped(signed[field]).filter((bytes) => {
    const value = create(SignedResultSchema, { ...signed, [field]: bytes });
    const changed = create(AnswerSchema, { ...one, answer: { case: "result", value } });
    return believes({ answers: [changed, ...rest] });
  });
  expect(believed).toEqual([]);
});
