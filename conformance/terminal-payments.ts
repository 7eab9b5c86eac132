import { Outcome, PaymentKind } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { ReaderControlService, ShownOutcome } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { type PaymentReport, TerminalService } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { enumName } from "../payment/enum-name.ts";
import { newPaymentId } from "../payment/identifiers.ts";
import { currencyFromLetters } from "../payment/money.ts";
import { needsPin, TEST_PIN } from "../payment/test-cards.ts";
import { verifySignedResult } from "../sealing/boxes/signed-result.ts";
import { equalBytes } from "../sealing/bytes.ts";
import { takePayment } from "../till/take-payment.ts";
import { expectThat, type PayingTarget, type PaymentChecks } from "./check.ts";

/** What a terminal does with payments, by a till and a card that we play; the reader is its own. */
export const TERMINAL_PAYMENTS: PaymentChecks = {
  introduction: "the mesh's own manifest is what the roots trust",
  async introduce({ counter }) {
    counter.trustFolder();
  },
  checks: [
    {
      name: "Pay: takes a payment with a PIN, and reports the processor's signed result",
      async run(target) {
        expectSigned(target, await pay(target, newId(target), TEST_PIN), Outcome.APPROVED);
      },
    },
    {
      name: "Pay: reports a decline, and what may be done then",
      async run(target) {
        const declined = await pay(target, newId(target), "9999");
        expectSigned(target, declined, Outcome.DECLINED);
        const code = declined.result?.responseCode;
        expectThat(code === "55", `expected response code 55, got ${code}`);
        // The right PIN afterwards, so that no card is left with a try less.
        expectSigned(target, await pay(target, newId(target), TEST_PIN), Outcome.APPROVED);
      },
    },
    {
      name: "Pay: answers the same payment id with the same result, without another card",
      async run(target) {
        const paymentId = newId(target);
        const [first, second] = [
          await pay(target, paymentId, TEST_PIN),
          await pay(target, paymentId, TEST_PIN),
        ];
        expectSame(first, second);
      },
    },
    {
      name: "Pay: ends what the cashier gives up with the processor's signed word",
      async run(target) {
        const { result, fault } = expectWord(target, await pay(target, newId(target), undefined));
        expectThat(fault?.code === "CANCELLED", `expected CANCELLED, got ${fault?.code}`);
        const got = enumName(Outcome, result?.outcome ?? Outcome.UNSPECIFIED);
        expectThat(result?.outcome === Outcome.REVERSED, `expected REVERSED, got ${got}`);
      },
    },
    {
      name: "GetTerminalPayment: gives the report again",
      async run(target) {
        const paymentId = newId(target);
        const first = await pay(target, paymentId, TEST_PIN);
        const again = await target.channel
          .client(TerminalService)
          .getTerminalPayment({ paymentId });
        expectThat(again.report !== undefined, "expected a report, got none");
        expectSame(first, again.report);
      },
    },
  ],
};

function newId({ clock, counter }: PayingTarget): string {
  return newPaymentId(clock.nowMs(), counter.random.bytes(10));
}

/**
 * Without an address of its reader, somebody else has to hold a card to it.
 *
 * @param pin undefined: the cashier gives up when the card was read.
 */
async function pay(
  target: PayingTarget,
  paymentId: string,
  pin: string | undefined,
): Promise<PaymentReport> {
  const control = target.neighbours.reader?.client(ReaderControlService);
  const report = await takePayment({
    stream: target.channel.openStream(TerminalService.method.pay),
    order: {
      kind: PaymentKind.SALE,
      amountMinor: 1_250n,
      currency: currencyFromLetters("EUR"),
      paymentId,
    },
    people: {
      see: () => undefined,
      presentCard: async () => {
        await control?.presentCard({ card: "visa" });
      },
      confirm: async ({ verification }) => {
        if (pin === undefined) return undefined;
        return needsPin(verification) ? { pinSource: { case: "pin", value: pin } } : {};
      },
      typePin: async () => {
        await control?.typePin({ pin: pin ?? "" });
      },
    },
    interrupted: new AbortController().signal,
    clock: target.clock,
  });
  await control?.removeCard({});
  return report;
}

/** @throws ContractBroken, PaymentError without the processor's signature under what it says. */
function expectWord({ counter }: PayingTarget, report: PaymentReport): PaymentReport {
  const { signedResult, result } = report;
  expectThat(signedResult !== undefined, "expected a signed result, got none");
  const signed = verifySignedResult({ signed: signedResult, manifest: counter.manifest });
  const isSame = result?.outcome === signed.outcome;
  expectThat(isSame, "expected what was signed in the report, got another");
  return report;
}

/** The report must be what the processor signed. @throws ContractBroken, PaymentError */
function expectSigned(target: PayingTarget, report: PaymentReport, wanted: Outcome): void {
  const { result, shown } = expectWord(target, report);
  const [want, got] = [enumName(Outcome, wanted), enumName(Outcome, result?.outcome ?? 0)];
  expectThat(result?.outcome === wanted, `expected ${want}, got ${got}`);
  expectThat(shown !== ShownOutcome.UNSPECIFIED, "expected the reader to show the outcome");
}

function expectSame(first: PaymentReport, second: PaymentReport): void {
  const [one, other] = [first.signedResult?.result, second.signedResult?.result];
  const isSame = one !== undefined && other !== undefined && equalBytes(one, other);
  expectThat(isSame, "expected the same signed result, got another one");
}
