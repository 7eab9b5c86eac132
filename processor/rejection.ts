import type { LogFields } from "../mesh/log.ts";
import { PaymentError } from "../payment/errors.ts";
import { SealedDataRejected } from "../sealing/sealed-data-rejected.ts";

/**
 * What the security log says of a refusal: of sealed data also why, which nobody outside hears. An
 * operator sees by it whether a reader has a wrong key, or somebody tries boxes.
 */
export function rejectionFields(error: unknown): LogFields {
  const errorCode = error instanceof PaymentError ? error.code : undefined;
  if (!(error instanceof SealedDataRejected)) return { errorCode };
  return { errorCode, event: "sealed_data_rejected", reason: error.reasonForSecurityLog() };
}
