import { type RejectionReason, SealedDataRejected } from "../sealed-data-rejected.ts";

/** For tests: why `run` refused. Fails when it did not, or when it looks like any other refusal. */
export function refusalOf(run: () => unknown): RejectionReason {
  try {
    run();
  } catch (error) {
    if (!(error instanceof SealedDataRejected)) throw error;
    if (error.message !== "sealed data rejected" || error.code !== "SEALED_DATA_REJECTED") {
      throw new Error(`a refusal says more than it should: ${error.message}`);
    }
    return error.reasonForSecurityLog();
  }
  throw new Error("expected a refusal, got a result");
}
