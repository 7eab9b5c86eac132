import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Certainty, PaymentKind, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { parseRelayId, paymentIdToBytes } from "../../payment/identifiers.ts";
import {
  formatRecordNumber,
  newRecordNumber,
  parseRecordNumber,
} from "../../payment/record-number.ts";
import { APPROVE, DECLINE, type Decision } from "../../test/fixtures/fake-processor.ts";
import type { ReaderSigned } from "../../test/fixtures/reader-payment.ts";
import { TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";

const { APPROVED, DECLINED } = PaymentState;
const NOBODYS = newRecordNumber(parseRelayId("A1"), 0, new Uint8Array(5));
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

let bed: TestBed;
let relay: TestRelay;
let declined: ReaderSigned;
let recordNumber: string;

beforeAll(async () => {
  bed = await TestBed.start();
  relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  bed.processor.decide = () => DECLINE;
  declined = bed.signer.sign();
  terminal.submit(declined.signed, TRACEPARENT);
  recordNumber = (await terminal.completedAs(declined.paymentId, DECLINED)).recordNumber;
  bed.processor.decide = () => APPROVE;
  const previousPaymentId = paymentIdToBytes(declined.paymentId);
  for (let index = 1; index <= 4; index += 1) {
    const context = index === 1 ? { previousPaymentId } : {};
    const { signed, paymentId } = bed.signer.sign({ totalMinor: BigInt(index), context });
    terminal.submit(signed);
    await terminal.completedAs(paymentId, APPROVED);
  }
});

afterAll(() => bed[Symbol.asyncDispose]());

test("a record is found by its number, as people write it, and by the payment's id", async () => {
  const written = formatRecordNumber(parseRecordNumber(recordNumber)).toLowerCase();
  const value = declined.paymentId;
  const byNumber = await relay.calls.getPayment({ key: { case: "recordNumber", value: written } });
  const byId = await relay.calls.getPayment({ key: { case: "paymentId", value } });
  const { merchantId } = bed.keys.terminal;
  const ofMerchant = await relay.calls.getPayment({
    key: { case: "paymentId", value },
    merchantId,
  });
  expect(byNumber).toEqual(byId);
  expect(byNumber).toEqual(ofMerchant);
  expect(byNumber.payment).toMatchObject({
    recordNumber,
    paymentId: declined.paymentId,
    state: DECLINED,
    kind: PaymentKind.SALE,
    amounts: { totalMinor: 1_250n },
    currency: 978,
    merchantId,
    terminalId: bed.keys.terminal.terminalId,
    readerSerial: bed.keys.reader.serial,
    responseCode: "51",
    retrievalReference: "000000000042",
    traceId: "0af7651916cd43dd8448eb211c80319c",
  });
  expect(byNumber.payment?.result?.result.length).toBeGreaterThan(0);
});

test("a last page that is full has no token, and one that is not the last has", async () => {
  const { payments } = await relay.calls.listPayments({ pageSize: 500 });
  const all = await relay.calls.listPayments({ pageSize: payments.length });
  expect(all).toMatchObject({ payments: { length: payments.length }, nextPageToken: "" });
  const most = await relay.calls.listPayments({ pageSize: payments.length - 1 });
  expect(most.nextPageToken).not.toBe("");
  const rest = await relay.calls.listPayments({ pageSize: 1, pageToken: most.nextPageToken });
  expect(rest).toMatchObject({ payments: { length: 1 }, nextPageToken: "" });
});

test("pages give every record once, newest first", async () => {
  const found: (bigint | undefined)[] = [];
  let pageToken = "";
  do {
    const page = await relay.calls.listPayments({ pageSize: 2, pageToken });
    found.push(...page.payments.map(({ amounts }) => amounts?.totalMinor));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  expect(found).toEqual([4n, 3n, 2n, 1n, 1_250n]);
});

test("a list can be narrowed to a state or a merchant", async () => {
  const inState = await relay.calls.listPayments({ state: DECLINED });
  expect(inState.payments.map((one) => one.recordNumber)).toEqual([recordNumber]);
  const ofNobody = await relay.calls.listPayments({ merchantId: "ANOTHERSHOP0001" });
  expect(ofNobody.payments).toEqual([]);
});

test("a payment that was taken before is not among those that ended as declined", async () => {
  await using other = await TestBed.start();
  const ofOther = await other.startRelay();
  await other.register(ofOther);
  const terminal = ofOther.openTerminal();
  const paid = async (decision: Decision, state: PaymentState) => {
    other.processor.decide = () => decision;
    other.processor.decideReversal = () => decision;
    const { signed, paymentId } = other.signer.sign();
    terminal.submit(signed);
    await terminal.completedAs(paymentId, state);
    return paymentId;
  };
  const refused = await paid(DECLINE, DECLINED);
  const taken = await paid({ fault: "OWNED_ELSEWHERE" }, DECLINED);
  const approved = await paid(APPROVE, APPROVED);
  const listed = async (wish: { state?: PaymentState; certainty?: Certainty }) =>
    (await ofOther.calls.listPayments(wish)).payments.map(({ paymentId }) => paymentId);
  const { FINAL, UNKNOWN } = Certainty;
  expect(await listed({ state: DECLINED, certainty: FINAL })).toEqual([refused]);
  expect(await listed({ state: DECLINED, certainty: UNKNOWN })).toEqual([taken]);
  expect(await listed({ certainty: FINAL })).toEqual([approved, refused]);
  expect(await listed({ certainty: UNKNOWN })).toEqual([taken]);
  const compared: Certainty[] = [];
  for await (const { records } of ofOther.oversight.streamRecords({})) {
    compared.push(...records.map(({ certainty }) => certainty));
  }
  expect(compared.toSorted()).toEqual([FINAL, FINAL, UNKNOWN]);
});

test("a payment says which one it repeats", async () => {
  const { payments } = await relay.calls.listPayments({});
  expect(payments.map(({ originalPaymentId }) => originalPaymentId)).toEqual([
    "",
    "",
    "",
    declined.paymentId,
    "",
  ]);
});

test.each([
  {
    name: "a number that is nobody's",
    request: { key: { case: "recordNumber", value: NOBODYS } } as const,
    code: "PAYMENT_NOT_FOUND",
    message: `no record with record_number ${NOBODYS}`,
  },
  {
    name: "a payment id that is nobody's",
    request: {
      key: { case: "paymentId", value: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a" },
    } as const,
    code: "PAYMENT_NOT_FOUND",
    message: "no record with payment_id 01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a",
  },
  {
    name: "a misread number",
    request: { key: { case: "recordNumber", value: "A10000000000" } } as const,
    code: "MALFORMED_REQUEST",
    message: "record_number has a wrong check character; a character was misread",
  },
  {
    name: "nothing",
    request: {},
    code: "MALFORMED_REQUEST",
    message: "key must be record_number or payment_id, got nothing",
  },
])("refuses to find $name", async ({ request, code, message }) => {
  expect(await refusalOf(relay.calls.getPayment(request))).toEqual({ code, message });
});

test.each([
  {
    name: "a page that is too long",
    request: { pageSize: 501 },
    message: "page_size must be 1 to 500, or 0 for 50, got 501",
  },
  {
    name: "a token that this relay did not give",
    request: { pageToken: "x" },
    message: "page_token must be the next_page_token of the page before",
  },
  {
    name: "a state that there is not",
    request: { state: 99 as PaymentState },
    message: "state must be a known state, got 99",
  },
  {
    name: "a certainty that there is not",
    request: { certainty: 99 as Certainty },
    message: "certainty must be a known certainty, got 99",
  },
])("refuses to list $name", async ({ request, message }) => {
  const refusal = await refusalOf(relay.calls.listPayments(request));
  expect(refusal).toEqual({ code: "MALFORMED_REQUEST", message });
});

test("instructions are not supported yet", async () => {
  expect(await refusalOf(relay.calls.submitInstruction({}))).toEqual({
    code: "NOT_SUPPORTED",
    message: "instructions are not supported yet",
  });
});

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => paymentErrorFrom(ConnectError.from(reason)),
  );
  return { code: error?.code, message: error?.message };
}
