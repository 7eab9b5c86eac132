import pg from "pg";
import { staysRetired } from "../payment/device-state.ts";

/** SQLSTATE with which the triggers of both databases keep a retired device retired. */
const STAYS_RETIRED = "CL001";

/**
 * Runs a statement that gives a device a state.
 *
 * @param device as it stands in the message: "reader R-1".
 * @throws PaymentError WRONG_STATE for one that is retired; whatever else `run` throws.
 */
export async function unlessRetired<Answer>(
  device: string,
  run: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    const isRetired = error instanceof pg.DatabaseError && error.code === STAYS_RETIRED;
    throw isRetired ? staysRetired(device, error) : error;
  }
}
