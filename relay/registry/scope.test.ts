import { fromBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  NextStep,
  Outcome,
  PaymentState,
  ResultSchema,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  DeviceState,
  RelayRegistryService,
  RelayService,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { paymentIdFromBytes } from "../../payment/identifiers.ts";
import type { ReaderSigned } from "../../test/fixtures/reader-payment.ts";
import { present, type TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";
import { TestTerminal } from "../../test/fixtures/test-terminal.ts";
import {
  HOLDERS,
  type Holder,
  IdentifiedRelay,
  OTHER_MERCHANT,
} from "../testing/identified-relay.ts";

let mesh: IdentifiedRelay;
let bed: TestBed;
let relay: TestRelay;
let payment: ReaderSigned;

beforeAll(async () => {
  mesh = await IdentifiedRelay.open();
  ({ bed, relay, payment } = mesh);
});

afterAll(() => mesh[Symbol.asyncDispose]());

test("a terminal sees the payments of its merchant, an operator all", async () => {
  const key = { case: "paymentId", value: payment.paymentId } as const;
  for (const holder of ["own", "operator"] as const) {
    const found = await mesh.callsOf(holder).getPayment({ key });
    expect(found.payment?.paymentId).toBe(payment.paymentId);
    expect((await mesh.callsOf(holder).listPayments({})).payments).toHaveLength(1);
  }
});

test("to a terminal of another merchant a payment is not even there", async () => {
  const key = { case: "paymentId", value: payment.paymentId } as const;
  expect(await refusalOf(mesh.callsOf("other").getPayment({ key }))).toBe("PAYMENT_NOT_FOUND");
  const { payments } = await mesh.callsOf("operator").listPayments({});
  const value = payments[0]?.recordNumber ?? "";
  const byNumber = mesh.callsOf("other").getPayment({ key: { case: "recordNumber", value } });
  expect(await refusalOf(byNumber)).toBe("PAYMENT_NOT_FOUND");
  expect((await mesh.callsOf("other").listPayments({})).payments).toEqual([]);
});

test("a terminal may not name another merchant", async () => {
  const merchantId = OTHER_MERCHANT;
  const { paymentId } = payment;
  const own = mesh.callsOf("own");
  expect(await refusalOf(own.listPayments({ merchantId }))).toBe("NOT_PERMITTED");
  const key = { case: "paymentId", value: paymentId } as const;
  expect(await refusalOf(own.getPayment({ key, merchantId }))).toBe("NOT_PERMITTED");
});

test.each([
  { holder: "other", code: "NOT_PERMITTED" },
  { holder: "stranger", code: "TERMINAL_UNKNOWN" },
  { holder: "suspended", code: "TERMINAL_NOT_ACTIVE" },
] as const)("$holder may not undo what another terminal brought", async ({ holder, code }) => {
  const { paymentId } = payment;
  const { merchantId } = bed.keys.terminal;
  expect(await refusalOf(mesh.callsOf(holder).cancelPayment({ paymentId, merchantId }))).toBe(code);
});

test.each([{ holder: "suspended" }, { holder: "stranger" }] as const)(
  "$holder may have a payment ended that was refused, and hears how",
  async ({ holder }) => {
    const { paymentId } = bed.signer.sign();
    const { merchantId } = bed.keys.terminal;
    const calls = mesh.callsOf(holder);
    const terminalCertificate = certificateOf(holder, merchantId);
    const request = { paymentId, merchantId, terminalCertificate };
    const { completed } = await calls.cancelPayment(request);
    expect(completed?.state).toBe(PaymentState.REVERSING);
    const operator = mesh.callsOf("operator");
    const key = { case: "paymentId", value: paymentId } as const;
    await expect
      .poll(async () => (await operator.getPayment({ key, merchantId })).payment?.state)
      .toBe(PaymentState.REVERSED);
    const again = await calls.cancelPayment({ paymentId, merchantId });
    expect(again.completed?.state).toBe(PaymentState.REVERSED);
    const result = fromBinary(ResultSchema, present(again.completed?.result).result);
    expect(result.outcome).toBe(Outcome.REVERSED);
    expect(paymentIdFromBytes(result.paymentId)).toBe(paymentId);
  },
);

test.each([
  { holder: "other", code: "NOT_PERMITTED" },
  { holder: "stranger", code: "TERMINAL_UNKNOWN" },
] as const)("$holder may not end an id of a merchant that is not its own", async (row) => {
  const { holder, code } = row;
  const { paymentId, signed } = bed.signer.sign();
  const { merchantId } = bed.keys.terminal;
  for (const terminalCertificate of [undefined, certificateOf(holder, OTHER_MERCHANT)]) {
    const request = { paymentId, merchantId, terminalCertificate };
    expect(await refusalOf(mesh.callsOf(holder).cancelPayment(request))).toBe(code);
  }
  const terminal = new TestTerminal(mesh.channelOf("own"));
  terminal.submit(signed);
  await terminal.completedAs(paymentId, PaymentState.APPROVED);
});

test("a terminal that is not registered shows its certificate, or ends nothing", async () => {
  const { paymentId } = bed.signer.sign();
  const refusal = await refusalOf(mesh.callsOf("stranger").cancelPayment({ paymentId }));
  expect(refusal).toBe("TERMINAL_UNKNOWN");
});

test("cancelling somebody else's payment id concerns one's own merchant only", async () => {
  const { paymentId } = payment;
  const { completed } = await mesh.callsOf("other").cancelPayment({ paymentId });
  expect(completed?.state).toBe(PaymentState.REVERSING);
  const { merchantId } = bed.keys.terminal;
  const key = { case: "paymentId", value: paymentId } as const;
  const untouched = await mesh.callsOf("operator").getPayment({ key, merchantId });
  expect(untouched.payment?.state).toBe(PaymentState.APPROVED);
});

test("a terminal that is not registered sees nothing", async () => {
  expect(await refusalOf(mesh.callsOf("stranger").listPayments({}))).toBe("TERMINAL_UNKNOWN");
});

test.each([{ holder: "other" as const }, { holder: "stranger" as const }])(
  "a payment of another terminal is refused on the stream of $holder",
  async ({ holder }) => {
    const { signed, paymentId } = bed.signer.sign();
    const terminal = new TestTerminal(mesh.channelOf(holder));
    terminal.submit(signed);
    const { fault } = await terminal.refusedOf(paymentId);
    expect(fault?.code).toBe("NOT_PERMITTED");
    expect(fault?.message).toMatch(
      /^a payment on this stream must be of terminal \w{15}\/TILL\w{4}, got /,
    );
  },
);

test("a terminal that submits too much is refused and told when to come back", async () => {
  await using rated = await bed.startRelay({
    instance: "A1-rated",
    identity: mesh.identityOf("relay"),
    paymentRate: { perSecond: 1, burst: 1 },
  });
  using channel = rated.connect(mesh.identityOf("own"));
  const terminal = new TestTerminal(channel);
  const [first, second] = [bed.signer.sign(), bed.signer.sign()];
  terminal.submit(first.signed);
  terminal.submit(second.signed);
  await terminal.completedAs(first.paymentId, PaymentState.APPROVED);
  const { fault } = await terminal.refusedOf(second.paymentId);
  expect(fault).toMatchObject({ code: "OVERLOADED", nextStep: NextStep.RETRY_SAME_ID });
  expect(fault?.retryAfterMs).toBeGreaterThan(0);
  await bed.putForward(1_000);
  terminal.submit(second.signed);
  await terminal.completedAs(second.paymentId, PaymentState.APPROVED);
});

test("ids without a record have a budget of their own, and payments keep theirs", async () => {
  const cancelled: string[] = [];
  await using rated = await bed.startRelay({
    instance: "A1-few-tombstones",
    identity: mesh.identityOf("relay"),
    tombstoneRate: { perSecond: 1, burst: 1 },
  });
  using channel = rated.connect(mesh.identityOf("own"));
  const calls = channel.client(RelayService);
  const cancel = async (paymentId: string) => {
    const answer = await calls.cancelPayment({ paymentId });
    cancelled.push(paymentId);
    return answer;
  };
  const [first, second, third] = [bed.signer.sign(), bed.signer.sign(), bed.signer.sign()];
  await cancel(first.paymentId);
  const refused = await cancel(second.paymentId).catch(ConnectError.from);
  const error = refused instanceof ConnectError ? paymentErrorFrom(refused) : undefined;
  expect(error).toMatchObject({ code: "OVERLOADED" });
  expect(error?.retryAfterMs).toBeGreaterThan(0);
  // What has a record costs nothing, other identities have a budget of their own.
  await cancel(first.paymentId);
  using others = rated.connect(mesh.identityOf("other"));
  await others.client(RelayService).cancelPayment({ paymentId: second.paymentId });
  const terminal = new TestTerminal(channel);
  terminal.submit(third.signed);
  await terminal.completedAs(third.paymentId, PaymentState.APPROVED);
  await bed.putForward(1_000);
  await cancel(second.paymentId);
  expect(cancelled).toEqual([first.paymentId, first.paymentId, second.paymentId]);
});

test.each([{ holder: "operator" as const }, { holder: "processor" as const }])(
  "$holder may not submit payments",
  async ({ holder }) => {
    const terminal = new TestTerminal(mesh.channelOf(holder));
    await terminal.until(() => terminal.end !== undefined);
    expect(terminal.end?.code).toBe(7);
  },
);

test.each([{ holder: "own" as const }, { holder: "processor" as const }])(
  "$holder may not register devices",
  async ({ holder }) => {
    const registry = mesh.channelOf(holder).client(RelayRegistryService);
    await expect(registry.listReaders({})).rejects.toMatchObject({ code: 7 });
  },
);

test("bytes from another terminal of the merchant are taken, wrong ones cost nothing", async () => {
  const { merchantId } = bed.keys.terminal;
  const { certificate } = bed.keys.anotherTerminal("TILLNONE", merchantId);
  const terminals = [{ certificate, state: DeviceState.ACTIVE, currencies: [978] }];
  await relay.registry.registerTerminals({ terminals });
  const tombstoneRate = { perSecond: 0.001, burst: 1 };
  const limits = { instance: "A1-one-tombstone", tombstoneRate };
  await using rated = await bed.startRelay({ ...limits, identity: mesh.identityOf("relay") });
  using channel = rated.connect(mesh.identityOf("stranger"));
  const calls = channel.client(RelayService);
  const [{ paymentId, signed }, wrong] = [bed.signer.sign(), bed.signer.sign()];
  const refused = calls.cancelPayment({ paymentId, payment: wrong.signed });
  expect(await refusalOf(refused)).toBe("MALFORMED_REQUEST");
  await calls.cancelPayment({ paymentId, payment: signed });
});

/** What a root signed for the holder. */
function certificateOf(holder: Holder, merchantId: string) {
  return bed.keys.anotherTerminal(HOLDERS[holder].split("/").at(-1) ?? "", merchantId).certificate;
}

async function refusalOf(call: Promise<unknown>): Promise<string | undefined> {
  return await call.then(
    () => undefined,
    (reason: unknown) => paymentErrorFrom(ConnectError.from(reason))?.code,
  );
}
