import { Verification } from "../gen/cardlane/payment/v1/payment_pb.ts";

/** Whether the holder has to enter a PIN, whoever checks it. */
export function asksForPin(verification: Verification): boolean {
  return verification === Verification.ONLINE_PIN || verification === Verification.OFFLINE_PIN;
}
