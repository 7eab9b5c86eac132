import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  DelegatedManifestSchema,
  KeyManifestSchema,
  KeyPurpose,
} from "../../gen/cardlane/keys/v1/keys_pb.ts";
import {
  Outcome,
  ResultSchema,
  SignedResultSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { parseReaderPayment } from "../../payment/payment-context.ts";
import { verifyAnswer } from "../../sealing/boxes/signed-result.ts";
import { keyIdOf } from "../../sealing/curves/hash.ts";
import { digest, sign } from "../../sealing/keys/dsse.ts";
import { Manifest } from "../../sealing/keys/manifest.ts";
import { contextBytes, readerPayment } from "./contexts.ts";
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

const { context } = parseReaderPayment(readerPayment());

function resultBytes(change: MessageInitShape<typeof ResultSchema> = {}): Uint8Array {
  const result = create(ResultSchema, {
    version: 1,
    paymentId: context.wire.paymentId,
    revision: 1,
    recordNumber: "A1000000000C",
    retrievalReference: "000000000001",
    contextDigest: digest("payment-context", contextBytes()),
    outcome: Outcome.APPROVED,
    responseCode: "00",
    approvalCode: "A1B2C3",
    approvedAmountMinor: 1250n,
    currency: 978,
    lastFour: "4242",
    scheme: "VISA",
    settlementDate: 20231114,
    processorTimeMs: 1_700_000_000_500n,
    validUntilMs: 1_700_000_300_000n,
    readerSerial: "RD-0001",
    merchantId: context.merchantId,
    ...change,
  });
  return toBinary(ResultSchema, result);
}

function given(result: Uint8Array, change: Given = {}): Given {
  return {
    reader_payment: hex(readerPayment()),
    result: hex(result),
    signature: hex(sign("result", result, KEYS.result)),
    key_id: hex(KEYS.result.keyId),
    manifest_public_key: hex(KEYS.result.publicKey),
    manifest_not_before_ms: "1700000000000",
    manifest_not_after_ms: "1700086400000",
    ...change,
  };
}

const good = resultBytes();
const declined = { outcome: Outcome.DECLINED, responseCode: "51", approvalCode: "" };
const accepted = (name: string, why: string, one: Given): Vector => {
  return { name, why, given: one, expect: "accepted" };
};
const refused = (name: string, why: string, one: Given): Vector => {
  return { name, why, given: one, expect: "SIGNATURE_REJECTED" };
};
const wrong = (name: string, why: string, change: MessageInitShape<typeof ResultSchema>): Vector =>
  refused(name, why, given(resultBytes(change)));

/** Is this the processor's answer to exactly this payment? */
export const results: VectorFile = {
  name: "results",
  about:
    "A terminal or reader sent reader_payment and got result, signature and key_id. The " +
    "manifest has one result key, with the dates given. Accept only an answer to exactly " +
    "this payment.",
  vectors: [
    accepted("approved", "signed, and everything fits", given(good)),
    accepted(
      "declined",
      "a decline is a good answer",
      given(resultBytes({ ...declined, approvedAmountMinor: 0n })),
    ),
    accepted(
      "a later revision",
      "a reversal replaces an approval",
      given(resultBytes({ revision: 2, outcome: Outcome.REVERSED, approvalCode: "" })),
    ),
    accepted(
      "no merchant named",
      "an earlier processor signed it, and the context names the merchant",
      given(resultBytes({ merchantId: "" })),
    ),
    refused(
      "result changed",
      "the signature covers it",
      given(good, {
        result: hex(flipped(good, 5)),
      }),
    ),
    refused(
      "signed by somebody else",
      "the key is not the manifest's",
      given(good, {
        signature: hex(sign("result", good, KEYS.readerSigning)),
      }),
    ),
    refused(
      "signed for another purpose",
      "the type is part of what is signed",
      given(good, {
        signature: hex(sign("reader-payment", good, KEYS.result)),
      }),
    ),
    refused(
      "a key that the manifest has not",
      "nobody vouches for it",
      given(good, {
        key_id: hex(repeated(0x99, 8)),
      }),
    ),
    refused(
      "a key not valid yet",
      "the result was made before the key",
      given(good, {
        manifest_not_before_ms: "1700000000501",
      }),
    ),
    refused(
      "a key no longer valid",
      "the result was made after the key",
      given(good, {
        manifest_not_after_ms: "1700000000499",
      }),
    ),
    refused(
      "an unknown field",
      "what is signed has no field that nobody knows",
      given(Uint8Array.of(...good, 0xf8, 0x01, 0x01)),
    ),
    wrong("another payment's context", "it answers something else", {
      contextDigest: repeated(0x55, 64),
    }),
    wrong("another payment id", "it answers something else", {
      paymentId: flipped(context.wire.paymentId, -1),
    }),
    ...(
      [
        ["another merchant's payment of this id", { merchantId: "ANOTHERSHOP0001" }],
        ["another terminal's payment of this id", { terminalId: "TILL0002" }],
        ["another attempt at this id", { counter: 8n }],
      ] as const
    ).map(([name, change]) =>
      wrong(name, "the digest is of what was signed there", {
        contextDigest: digest("payment-context", contextBytes(change)),
      }),
    ),
    wrong("another merchant named", "it contradicts what was signed", {
      merchantId: "ANOTHERSHOP0001",
    }),
    wrong("another reader", "it answers somebody else", { readerSerial: "RD-0002" }),
    wrong("another currency", "nobody agreed to that", { currency: 840 }),
    wrong("more than was signed", "nobody agreed to that", { approvedAmountMinor: 1251n }),
    wrong("less than was signed", "the reader did not sign accept_partial", {
      outcome: Outcome.PARTIALLY_APPROVED,
      approvedAmountMinor: 1000n,
    }),
    wrong("declined, with an amount", "a decline approves nothing", declined),
    wrong("no outcome", "unspecified is never sent", { outcome: Outcome.UNSPECIFIED }),
    wrong("revision 0", "the first answer is 1", { revision: 0 }),
    wrong("another layout version", "version is exactly 1", { version: 2 }),
  ],
  judge: (one) => {
    const signed = create(SignedResultSchema, {
      result: bytes(one, "result"),
      signature: bytes(one, "signature"),
      keyId: bytes(one, "key_id"),
    });
    const payment = parseReaderPayment(bytes(one, "reader_payment"));
    const result = verifyAnswer({ signed, manifest: manifestOf(one), payment });
    return { outcome: enumName(Outcome, result.outcome), record_number: result.recordNumber };
  },
};

function manifestOf(one: Given): Manifest {
  const publicKey = bytes(one, "manifest_public_key");
  const key = {
    keyId: keyIdOf(publicKey),
    purpose: KeyPurpose.PROCESSOR_RESULT,
    publicKey,
    notBeforeMs: BigInt(text(one, "manifest_not_before_ms")),
    notAfterMs: BigInt(text(one, "manifest_not_after_ms")),
  };
  const wire = create(KeyManifestSchema, { version: 1, number: 1n, keys: [key] });
  return new Manifest({ wire, delegated: create(DelegatedManifestSchema), curves });
}
