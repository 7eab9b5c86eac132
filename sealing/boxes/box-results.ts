import { create } from "@bufbuild/protobuf";
import type { SignedResult } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Answer,
  type ResultsSignature,
  ResultsSignatureSchema,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { concatBytes, equalBytes } from "../bytes.ts";
import type { Signer } from "../curves/curves.ts";
import { digest, sign, verify } from "../keys/dsse.ts";
import type { Manifest } from "../keys/manifest.ts";

/** What one signature covers: the results of a box of answers, and whom the box is for. */
interface BoxResults {
  /** Two characters of [0-9A-Z]. */
  readonly relayId: string;
  /** All of the box, in its order; faults among them are not covered. */
  readonly answers: readonly Answer[];
}

/** @returns undefined for fewer than two results: one alone is verified as fast by its own. */
export function signBoxResults(box: BoxResults, signer: Signer): ResultsSignature | undefined {
  const body = boxResultsBody(box, signer.keyId);
  if (body === undefined) return undefined;
  const signature = sign("box-results", body, signer);
  return create(ResultsSignatureSchema, { signature, keyId: signer.keyId });
}

/**
 * Whether the holder of a result key vouches for exactly these results with exactly these
 * signatures, all of that key.
 */
export function verifyBoxResults(
  options: BoxResults & {
    readonly resultsSignature: ResultsSignature;
    readonly manifest: Manifest;
  },
): boolean {
  const { signature, keyId } = options.resultsSignature;
  const verifier = options.manifest.resultVerifier(keyId);
  const body = boxResultsBody(options, keyId);
  if (verifier === undefined || body === undefined) return false;
  return verify({ type: "box-results", body, signature, verifier });
}

/**
 * What is signed: relay id[2], and for each result request number[8] ‖ H("result", result)[64] ‖
 * signature[64]. No width varies, so no two boxes have the same bytes.
 *
 * @param keyId of the signature over the box.
 * @returns undefined for fewer than two results, or where one cannot be by that key.
 */
export function boxResultsBody(
  { relayId, answers }: BoxResults,
  keyId: Uint8Array,
): Uint8Array | undefined {
  const entries = answers.flatMap(({ requestNumber, answer }) =>
    answer.case === "result" ? [{ requestNumber, signed: answer.value }] : [],
  );
  if (entries.length < 2) return undefined;
  if (!entries.every(({ signed }) => mayBeBy(keyId, signed))) return undefined;
  return concatBytes(
    Buffer.from(relayId, "latin1"),
    ...entries.flatMap(({ requestNumber, signed }) => [
      bigEndian(requestNumber),
      digest("result", signed.result),
      signed.signature,
    ]),
  );
}

function mayBeBy(keyId: Uint8Array, signed: SignedResult): boolean {
  return equalBytes(signed.keyId, keyId) && signed.signature.length === 64;
}

function bigEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
