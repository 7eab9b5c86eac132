import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NotificationService } from "../../gen/cardlane/relay/v1/notification_pb.ts";
import { DeviceState, type WatchPaymentsResponse } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { TestTerminal } from "../../test/fixtures/test-terminal.ts";
import { IdentifiedRelay } from "../testing/identified-relay.ts";

let mesh: IdentifiedRelay;
beforeAll(async () => {
  mesh = await IdentifiedRelay.open();
});
afterAll(() => mesh[Symbol.asyncDispose]());

test("two merchants' terminals of one id have nothing to do with each other", async () => {
  const key = { case: "paymentId", value: mesh.payment.paymentId } as const;
  expect(await refusalOf(mesh.callsOf("namesake").getPayment({ key }))).toBe("PAYMENT_NOT_FOUND");
  const { signed, paymentId } = mesh.bed.signer.sign();
  const terminal = new TestTerminal(mesh.channelOf("namesake"));
  terminal.submit(signed);
  const { fault } = await terminal.refusedOf(paymentId);
  expect(fault).toMatchObject({
    code: "NOT_PERMITTED",
    message:
      "a payment on this stream must be of terminal ANOTHERSHOP0001/TILL0001, " +
      "got CORNERCOFFEE001/TILL0001",
  });
});

test("a terminal that is suspended sees and sends nothing", async () => {
  const { paymentId } = mesh.payment;
  const calls = mesh.callsOf("suspended");
  const key = { case: "paymentId", value: paymentId } as const;
  const { payments } = await mesh.callsOf("operator").listPayments({});
  const recordNumber = payments.find((one) => one.paymentId === paymentId)?.recordNumber ?? "";
  const address = { case: "email", value: "holder@example.com" } as const;
  const receipts = mesh.channelOf("suspended").client(NotificationService);
  const refusals = [
    () => calls.getPayment({ key }),
    () => calls.listPayments({}),
    () => firstOf(calls.watchPayments({})),
    () => calls.cancelPayment({ paymentId }),
    () => receipts.sendReceipt({ recordNumber, address }),
  ];
  for (const refused of refusals) expect(await refusalOf(refused())).toBe("TERMINAL_NOT_ACTIVE");
});

test("a watch that runs ends when its terminal is suspended, and others' go on", async () => {
  const { merchantId, terminalId } = mesh.bed.keys.terminal;
  const watching = new AbortController();
  const ended = lastOf(mesh.callsOf("own").watchPayments({}, { signal: watching.signal }));
  const other = firstOf(mesh.callsOf("other").watchPayments({}, { signal: watching.signal }));
  await other;
  const name = { merchantId, terminalId };
  await mesh.relay.registry.setTerminalState({ ...name, state: DeviceState.SUSPENDED });
  expect(await refusalOf(ended)).toBe("TERMINAL_NOT_ACTIVE");
  await mesh.relay.registry.setTerminalState({ ...name, state: DeviceState.ACTIVE });
  watching.abort();
});

async function firstOf(responses: AsyncIterable<WatchPaymentsResponse>): Promise<void> {
  for await (const _ of responses) return;
}

async function lastOf(responses: AsyncIterable<WatchPaymentsResponse>): Promise<void> {
  for await (const _ of responses);
}

async function refusalOf(call: Promise<unknown>): Promise<string | undefined> {
  return await call.then(
    () => undefined,
    (reason: unknown) => paymentErrorFrom(ConnectError.from(reason))?.code,
  );
}
