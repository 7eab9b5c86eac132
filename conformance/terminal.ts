import { TerminalService } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { newPaymentId } from "../payment/identifiers.ts";
import { type Check, expectRefusal, expectThat, type Target } from "./check.ts";
import { everyProgram } from "./every-program.ts";

const calls = ({ channel }: Target) => channel.client(TerminalService);

/** What a terminal does for tills, as far as it shows without a card. */
export const TERMINAL_CHECKS: readonly Check[] = [
  ...everyProgram(TerminalService),
  {
    name: "GetTerminal: shows its certificate, and what is in it",
    async run(target) {
      const { certificate, terminal } = await calls(target).getTerminal({});
      expectThat(certificate !== undefined, "expected a certificate, got none");
      const terminalId = terminal?.terminalId ?? "";
      expectThat(/^[A-Z0-9]{8}$/.test(terminalId), `expected 8 of A-Z0-9, got "${terminalId}"`);
    },
  },
  {
    name: "GetTerminalPayment: refuses what is no payment id with MALFORMED_REQUEST",
    run: (target) =>
      expectRefusal(calls(target).getTerminalPayment({ paymentId: "x" }), "MALFORMED_REQUEST"),
  },
  {
    name: "GetTerminalPayment: PAYMENT_NOT_FOUND for a payment that is not there",
    run: (target) => {
      const paymentId = newPaymentId(target.clock.nowMs(), new Uint8Array(10));
      return expectRefusal(calls(target).getTerminalPayment({ paymentId }), "PAYMENT_NOT_FOUND");
    },
  },
];
