import { payOnce } from "../../bench/questions/single-payment.ts";
import type { MeshClients } from "../../dev-mesh/clients.ts";
import type { Clock } from "../../mesh/clock.ts";

const AFTER_FAILURE_MS = 250;

/** A till that pays one payment after the other until told to stop. */
export async function payUntil(
  stopping: AbortSignal,
  clients: MeshClients,
  clock: Clock,
): Promise<Paid> {
  const latenciesMs: number[] = [];
  const failures: string[] = [];
  while (!stopping.aborted) {
    try {
      latenciesMs.push((await payOnce(clients, clock)).finishedMs);
    } catch (error) {
      failures.push(String(error));
      // For whoever waited it never came.
      latenciesMs.push(Number.POSITIVE_INFINITY);
      await clock.sleep(AFTER_FAILURE_MS);
    }
  }
  return { latenciesMs, failures };
}

export interface Paid {
  /** From the card that is presented to the result that is shown; infinite where there was none. */
  readonly latenciesMs: readonly number[];
  readonly failures: readonly string[];
}
