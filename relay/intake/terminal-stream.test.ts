import { expect, test } from "vitest";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";
import type { TestTerminal } from "../../test/fixtures/test-terminal.ts";

const { FINAL, UNKNOWN } = Certainty;

async function errorOf(terminal: TestTerminal) {
  await terminal.until(() => terminal.end !== undefined);
  const status = terminal.end?.error;
  const error = status && paymentErrorFrom(status);
  return { code: error?.code, certainty: error?.row.certainty };
}

test("a frame that is none says nothing final of a payment that the relay has", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  bed.processor.decide = () => "silence";
  const { signed } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.until(() => terminal.recorded.length > 0);
  terminal.sendEmpty();
  expect(await errorOf(terminal)).toEqual({ code: "MALFORMED_REQUEST", certainty: UNKNOWN });
});

test("a frame that is none is refused for good where no payment is open", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  await terminal.completedAs(paymentId, PaymentState.APPROVED);
  terminal.sendEmpty();
  expect(await errorOf(terminal)).toEqual({ code: "MALFORMED_REQUEST", certainty: FINAL });
});
