import type { SignedResult } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { HopAnswer } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Log } from "../../mesh/log.ts";
import type { RelayId } from "../../payment/identifiers.ts";
import { verifyBoxResults } from "../../sealing/boxes/box-results.ts";
import { verify } from "../../sealing/keys/dsse.ts";
import type { Manifest } from "../../sealing/keys/manifest.ts";

/** Whether the processor signed a result. */
export type SignatureCheck = (signed: SignedResult) => boolean;

/**
 * The check for the results of one box. Where one signature vouches for them all, it is verified
 * here and theirs are not; where it is absent or wrong, each result's own decides.
 */
export function signatureCheckOf(options: {
  readonly box: HopAnswer;
  readonly relayId: RelayId;
  readonly manifest: Manifest | undefined;
  readonly log: Log;
}): SignatureCheck {
  const { box, relayId, manifest, log } = options;
  const { answers, resultsSignature } = box;
  const hasOwn: SignatureCheck = ({ result: body, signature, keyId }) => {
    const verifier = manifest?.resultVerifier(keyId);
    return verifier !== undefined && verify({ type: "result", body, signature, verifier });
  };
  if (resultsSignature === undefined || manifest === undefined) return hasOwn;
  if (!verifyBoxResults({ relayId, answers, resultsSignature, manifest })) {
    const count = answers.length;
    log.warn("a signature over all results of a box is wrong: each is verified", { count });
    return hasOwn;
  }
  return () => true;
}
