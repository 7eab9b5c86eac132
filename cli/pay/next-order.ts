import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import type { PaymentReport } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Order } from "../../till/take-payment.ts";

/**
 * The order of another attempt after `report`: a payment of its own. It names the one before only
 * if that was declined, because a reader refuses to continue what was never submitted.
 */
export function nextOrder(order: Order, report: Pick<PaymentReport, "state" | "paymentId">): Order {
  const isDeclined = report.state === PaymentState.DECLINED;
  const previousPaymentId = isDeclined ? report.paymentId : undefined;
  return { ...order, paymentId: undefined, previousPaymentId };
}
