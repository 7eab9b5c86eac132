import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  DelegatedManifestSchema,
  KeyManifestSchema,
  KeyPurpose,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import { SignedResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Answer,
  AnswerSchema,
  HopAnswerSchema,
  type ResultsSignatureSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { PaymentError } from "../../payment/errors.ts";
import { boxResultsBody, verifyBoxResults } from "../../sealing/boxes/box-results.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { keyIdOf } from "../../sealing/curves/hash.ts";
import { digest, sign } from "../../sealing/keys/dsse.ts";
import { Manifest } from "../../sealing/keys/manifest.ts";
import {
  bytes,
  curves,
  flipped,
  type Given,
  hex,
  KEYS,
  repeated,
  text,
  type Vector,
  type VectorFile,
} from "./vector.ts";

/** A box is about bytes and signatures: what the results say is not asked. */
const RESULTS = [repeated(0x61, 40), repeated(0x62, 50), repeated(0x63, 60)] as const;
const relayId = "A1";

function answerOf(requestNumber: bigint, result: Uint8Array, signer: Signer = KEYS.result): Answer {
  const signature = sign("result", result, signer);
  const value = create(SignedResultSchema, { result, signature, keyId: signer.keyId });
  return create(AnswerSchema, { requestNumber, answer: { case: "result", value } });
}

const first = answerOf(1n, RESULTS[0]);
const second = answerOf(0x0102030405060708n, RESULTS[1]);
const third = answerOf(3n, RESULTS[2]);
const fault = create(AnswerSchema, {
  requestNumber: 4n,
  answer: { case: "fault", value: { code: "OVERLOADED" } },
});

/** The body as docs/protocol/streams.md gives it, for any answers and all that is in them. */
function bodyOver(answers: readonly Answer[]): Uint8Array {
  const entries = answers.flatMap(({ requestNumber, answer }) => {
    if (answer.case !== "result") return [];
    const number = requestNumber.toString(16).padStart(16, "0");
    const { result, signature } = answer.value;
    return [Buffer.from(number, "hex"), digest("result", result), signature];
  });
  return new Uint8Array(Buffer.concat([Buffer.from(relayId), ...entries]));
}

function signatureOver(answers: readonly Answer[], signer: Signer = KEYS.result) {
  const { keyId } = KEYS.result;
  return { signature: sign("box-results", bodyOver(answers), signer), keyId };
}

/** The answer with other bytes in its signed result. */
function changed(
  { requestNumber, answer }: Answer,
  change: MessageInitShape<typeof SignedResultSchema>,
): Answer {
  if (answer.case !== "result") throw new Error("bug: the answer is no result");
  const value = create(SignedResultSchema, { ...answer.value, ...change });
  return create(AnswerSchema, { requestNumber, answer: { case: "result", value } });
}

function given(
  answers: readonly Answer[],
  resultsSignature: MessageInitShape<typeof ResultsSignatureSchema> | undefined,
  change: Given = {},
): Given {
  const box = create(HopAnswerSchema, { answers: [...answers], resultsSignature });
  return {
    relay_id: relayId,
    hop_answer: hex(toBinary(HopAnswerSchema, box)),
    manifest_public_key: hex(KEYS.result.publicKey),
    ...change,
  };
}

const all = [first, second, third];
const good = signatureOver(all);
const renumbered = create(AnswerSchema, { ...first, requestNumber: 2n });
const short = changed(second, { signature: repeated(0x64, 63) });
const strangers = answerOf(3n, RESULTS[2], KEYS.readerSigning);

const accepted = (name: string, why: string, one: Given): Vector => {
  return { name, why, given: one, expect: "accepted" };
};
const refused = (name: string, why: string, one: Given): Vector => {
  return { name, why, given: one, expect: "SIGNATURE_REJECTED" };
};

/** Does one signature vouch for all results of this box? */
export const boxResults: VectorFile = {
  name: "box-results",
  about:
    "A relay of relay_id opened a box and found hop_answer, a HopAnswer; the manifest has one " +
    "result key. Accept where results_signature vouches for all results in the box: then they " +
    "need no verification of their own. signed is the body under it.",
  vectors: [
    accepted("three results", "one signature over all of them, in order", given(all, good)),
    accepted(
      "two results and a fault",
      "faults are not signed",
      given([first, fault, second], signatureOver([first, second])),
    ),
    refused("absent", "nobody vouches for the box", given(all, undefined)),
    refused(
      "one result",
      "it has its own, as fast to verify",
      given([first], signatureOver([first])),
    ),
    refused(
      "a result changed",
      "its digest is covered",
      given([first, changed(second, { result: flipped(RESULTS[1], 5) }), third], good),
    ),
    refused(
      "a result with the signature of another",
      "devices verify it: it is covered, too",
      given([first, changed(second, { signature: signatureOf(third) }), third], good),
    ),
    refused("another order", "it is covered", given([second, first, third], good)),
    refused("a result removed", "all are covered", given([first, third], good)),
    refused("a result added", "all are covered", given(all, signatureOver([first, second]))),
    refused(
      "another request number",
      "a result answers its request",
      given([renumbered, second, third], good),
    ),
    refused("another relay's", "its id is covered", given(all, good, { relay_id: "B2" })),
    refused(
      "signed by somebody else",
      "the key is not the manifest's",
      given(all, signatureOver(all, KEYS.readerSigning)),
    ),
    refused(
      "a key that the manifest has not",
      "nobody vouches for it",
      given(all, good, { manifest_public_key: hex(KEYS.readerSigning.publicKey) }),
    ),
    refused(
      "a result with another key id",
      "one key does not vouch for what another signed",
      given([first, second, strangers], signatureOver([first, second, strangers])),
    ),
    refused(
      "a result's signature one byte short",
      "the layout is of fixed widths",
      given([first, short, third], signatureOver([first, short, third])),
    ),
    refused(
      "signed for another purpose",
      "the type is part of what is signed",
      given(all, { ...good, signature: sign("result", bodyOver(all), KEYS.result) }),
    ),
  ],
  judge: (one) => {
    const { answers, resultsSignature } = fromBinary(HopAnswerSchema, bytes(one, "hop_answer"));
    const box = { relayId: text(one, "relay_id"), answers };
    const manifest = manifestOf(bytes(one, "manifest_public_key"));
    if (
      resultsSignature === undefined ||
      !verifyBoxResults({ ...box, resultsSignature, manifest })
    ) {
      throw new PaymentError("SIGNATURE_REJECTED", "signature rejected");
    }
    const signed = boxResultsBody(box, resultsSignature.keyId) ?? new Uint8Array();
    return { signed: hex(signed) };
  },
};

function signatureOf({ answer }: Answer): Uint8Array {
  return answer.case === "result" ? answer.value.signature : new Uint8Array();
}

function manifestOf(publicKey: Uint8Array): Manifest {
  const purpose = KeyPurpose.PROCESSOR_RESULT;
  const keys = [{ keyId: keyIdOf(publicKey), purpose, publicKey }];
  const wire = create(KeyManifestSchema, { version: 1, number: 1n, keys });
  return new Manifest({ wire, delegated: create(DelegatedManifestSchema), curves });
}
