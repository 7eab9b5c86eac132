import { PaymentError } from "../../payment/errors.ts";
import type { BatchedStatement, HopSpan, Telemetry } from "./telemetry.ts";

/**
 * Runs a statement for a batch, and shows it in the trace of each payment of the batch.
 *
 * @param options.spans one for each row; undefined where nobody traces the payment any more.
 */
export async function recordedStatement<Answer>(options: {
  readonly telemetry: Telemetry;
  readonly spans: readonly (HopSpan | undefined)[];
  readonly statement: Omit<BatchedStatement, "rows">;
  readonly run: () => Promise<Answer>;
}): Promise<Answer> {
  const { telemetry, spans, statement, run } = options;
  const recording = telemetry.recordStatement(spans, { ...statement, rows: spans.length });
  try {
    const answer = await run();
    recording.end();
    return answer;
  } catch (error) {
    recording.end(error instanceof PaymentError ? error.code : "INTERNAL");
    throw error;
  }
}
