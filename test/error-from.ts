import { PaymentError } from "../payment/errors.ts";

/** What `run` throws as code and message; fails when it throws nothing or something else. */
export function errorFrom(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof PaymentError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("expected a PaymentError, but nothing was thrown");
}
