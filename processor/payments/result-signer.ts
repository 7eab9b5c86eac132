import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ResultSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { Signer } from "../../sealing/curves/curves.ts";
import { sign } from "../../sealing/keys/dsse.ts";
import type { StoredResult } from "./payment-row.ts";

/** How long a reader shows a result after it was made. */
const VALID_MS = 300_000;

/**
 * Serialises and signs a result, once: these bytes are stored and repeated. Version and times are
 * filled in here.
 *
 * @param nowMs the processor's clock, Unix milliseconds.
 */
export function signResult(
  fields: MessageInitShape<typeof ResultSchema>,
  nowMs: number,
  signer: Signer,
): StoredResult {
  const body = create(ResultSchema, fields);
  body.version = 1;
  body.processorTimeMs = BigInt(nowMs);
  body.validUntilMs = BigInt(nowMs + VALID_MS);
  const result = toBinary(ResultSchema, body);
  return { result, signature: sign("result", result, signer), keyId: signer.keyId };
}
