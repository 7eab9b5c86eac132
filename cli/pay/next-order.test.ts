import { expect, test } from "vitest";
import { PaymentKind, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { parseCurrency } from "../../payment/money.ts";
import { nextOrder } from "./next-order.ts";

const PAYMENT_ID = "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a";

test.each([
  { name: "declined", state: PaymentState.DECLINED, previousPaymentId: PAYMENT_ID },
  {
    name: "never submitted, or reversed",
    state: PaymentState.REVERSED,
    previousPaymentId: undefined,
  },
])("after one that was $name", ({ state, previousPaymentId }) => {
  const order = {
    kind: PaymentKind.SALE,
    amountMinor: 1_250n,
    currency: parseCurrency(978),
    paymentId: PAYMENT_ID,
  };
  expect(nextOrder(order, { state, paymentId: PAYMENT_ID })).toEqual({
    ...order,
    paymentId: undefined,
    previousPaymentId,
  });
});
