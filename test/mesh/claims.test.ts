import { readdirSync } from "node:fs";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEVELOPMENT_MESH } from "../../dev-mesh/development-keys.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import {
  Certainty,
  EntryMode,
  NextStep,
  Outcome,
  PaymentKind,
  PaymentState,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { parseRecordNumber } from "../../payment/record-number.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { eventOf, pay } from "./pay.ts";

/** The claims of docs/protocol.md, one after the other, with the real programs. */
let fixture: MeshFixture;
let mesh: Mesh;

beforeAll(async () => {
  fixture = await startTestMesh();
  mesh = fixture.mesh;
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

const balance = async () => {
  const { merchantId } = DEVELOPMENT_MESH;
  return await mesh.clients.processorRegistry.getBalance({ merchantId, currency: 978 });
};

describe("claim 1: sealed by the reader, regrouped, completed by the processor", () => {
  test("a payment is approved and posted once", async () => {
    const before = await balance();
    const { report } = await pay(mesh);
    const after = await balance();
    expect(report.state).toBe(PaymentState.APPROVED);
    expect(report.result).toMatchObject({
      outcome: Outcome.APPROVED,
      responseCode: "00",
      approvedAmountMinor: 1_250n,
      lastFour: "4242",
      scheme: "VISA",
    });
    expect(after.balanceMinor - before.balanceMinor).toBe(1_250n);
    expect(after.recomputedMinor).toBe(after.balanceMinor);
  });

  test("the relay holds no key that opens card data", () => {
    const files = readdirSync(mesh.directory.keysOf("relay"));
    expect(files.filter((name) => name.endsWith(".key.json")).toSorted()).toEqual([
      "hop.key.json",
      "signing.key.json",
    ]);
  });
});

describe("claim 2: the record number comes before the outcome", () => {
  test("also while the processor does not answer at all", async () => {
    const recorded = Promise.withResolvers<string>();
    mesh.program("processor").kill("SIGSTOP");
    const paying = pay(mesh, {
      onEvent: (event) => {
        if (event.case === "recorded") recorded.resolve(event.value.recordNumber);
      },
    });
    const recordNumber = await recorded.promise;
    const key = { case: "recordNumber", value: recordNumber } as const;
    const waiting = await mesh.clients.relay.getPayment({ key });
    mesh.program("processor").kill("SIGCONT");
    const { report } = await paying;

    expect(parseRecordNumber(recordNumber)).toBe(recordNumber);
    expect(recordNumber.startsWith(DEVELOPMENT_MESH.relayId)).toBe(true);
    expect(waiting.payment?.state).toBe(PaymentState.FORWARDED);
    expect(waiting.payment?.certainty).toBe(Certainty.UNKNOWN);
    expect(report.recordNumber).toBe(recordNumber);
    expect(report.state).toBe(PaymentState.APPROVED);
  });
});

describe("claims 3 and 7: the PIN is sealed in the reader", () => {
  test.each([
    { name: "typed on the terminal", pinEntry: "terminal" },
    { name: "typed on the reader", pinEntry: "reader" },
  ] as const)("a right PIN $name is verified", async ({ pinEntry }) => {
    const { report } = await pay(mesh, { card: "mastercard", pinEntry });
    expect(report.state).toBe(PaymentState.APPROVED);
  });

  test("a wrong PIN counts, the right one after it is approved as a new payment", async () => {
    const wrong = await pay(mesh, { card: "visa_debit", pin: "9999" });
    expect(wrong.report.result?.responseCode).toBe("55");
    expect(wrong.report.nextStep).toBe(NextStep.ENTER_PIN);
    const previousPaymentId = wrong.report.paymentId;
    const right = await pay(mesh, { card: "visa_debit", previousPaymentId });
    expect(right.report.state).toBe(PaymentState.APPROVED);
    expect(right.report.paymentId).not.toBe(wrong.report.paymentId);
  });

  test("the third wrong PIN is the last", async () => {
    const codes: (string | undefined)[] = [];
    for (const pin of ["9991", "9992", "9993", "1234"]) {
      const { report } = await pay(mesh, { card: "discover", pin });
      codes.push(report.result?.responseCode);
    }
    expect(codes).toEqual(["55", "55", "75", "75"]);
  });
});

describe("claim 5: the terminal confirms what was read", () => {
  test("it shows the masked card, and nothing but a tombstone is left without it", async () => {
    const paid = await pay(mesh, { isRefusedByCashier: true });
    const { paymentId } = paid.report;
    expect(eventOf(paid, "confirmationNeeded")).toMatchObject({
      maskedPan: "424242******4242",
      scheme: "VISA",
      entryMode: EntryMode.CHIP,
    });
    expect(paid.report.fault?.code).toBe("CANCELLED");
    const { payment } = await lookUp(paymentId);
    expect(payment).toMatchObject({ state: PaymentState.REVERSED, kind: PaymentKind.UNSPECIFIED });
    const { payments } = await mesh.clients.relay.listPayments({});
    expect(payments.filter((one) => one.paymentId === paymentId)).toEqual([]);
  });
});

describe("claim 6: records are updated and found", () => {
  test("by record number as a person writes it, and by payment id", async () => {
    const { report } = await pay(mesh, { amountMinor: 990n });
    const spoken = report.recordNumber.toLowerCase().replace(/(.{4})/g, "$1 ");
    const byNumber = await mesh.clients.relay.getPayment({
      key: { case: "recordNumber", value: spoken },
    });
    const byId = await lookUp(report.paymentId);
    expect(byNumber.payment).toEqual(byId.payment);
    expect(byId.payment).toMatchObject({
      state: PaymentState.APPROVED,
      certainty: Certainty.FINAL,
      approvalCode: report.result?.approvalCode,
      approvedAmountMinor: 990n,
      readerSerial: DEVELOPMENT_MESH.readerSerial,
    });
    expect(byId.payment?.history.map(({ state }) => state)).toEqual([
      PaymentState.FORWARDED,
      PaymentState.APPROVED,
    ]);
  });

  test.each([
    { name: "a record number nobody gave out", value: "A1000000000C", code: Code.NotFound },
    { name: "a misread record number", value: "A10000000000", code: Code.InvalidArgument },
    { name: "a word", value: "hello", code: Code.InvalidArgument },
  ])("refuses $name", async ({ value, code }) => {
    const key = { case: "recordNumber", value } as const;
    expect(await codeOf(mesh.clients.relay.getPayment({ key }))).toBe(code);
  });
});

describe("claim 9: the reader is told to prepare", () => {
  test("it shows amount and merchant before a card is there, the result in the end", async () => {
    const paid = await pay(mesh, { amountMinor: 4_321n });
    const prepared = eventOf(paid, "prepared").displayLines.join(" ");
    expect(prepared).toContain("43.21 EUR");
    expect(prepared).toContain(DEVELOPMENT_MESH.merchantName);
    const kinds = paid.events.map((event) => event.case);
    expect(kinds.indexOf("prepared")).toBeLessThan(kinds.indexOf("confirmationNeeded"));
    expect(paid.report.shown).toBe(ShownOutcome.APPROVED);
  });
});

describe("claim 10: reader and terminal authenticate each other", () => {
  test("then the terminal knows the reader's serial number", async () => {
    const paid = await pay(mesh);
    expect(eventOf(paid, "started").readerSerial).toBe(DEVELOPMENT_MESH.readerSerial);
    const { readerSerial, terminal } = await mesh.clients.terminal.getTerminal({});
    expect(readerSerial).toBe(DEVELOPMENT_MESH.readerSerial);
    expect(terminal?.merchantName).toBe(DEVELOPMENT_MESH.merchantName);
  });
});

describe("the test cards do what they say", () => {
  test.each([
    { card: "charge_declined", code: "05" },
    { card: "charge_declined_insufficient_funds", code: "51" },
    { card: "charge_declined_lost_card", code: "41" },
    { card: "charge_declined_stolen_card", code: "43" },
    { card: "charge_declined_expired_card", code: "54" },
    { card: "charge_declined_processing_error", code: "96" },
    { card: "amex", code: "00" },
    { card: "offline_pin_cvm", code: "00" },
  ])("$card: $code", async ({ card, code }) => {
    const before = await balance();
    const { report } = await pay(mesh, { card });
    const after = await balance();
    expect(report.result?.responseCode).toBe(code);
    expect(report.certainty).toBe(Certainty.FINAL);
    expect(after.balanceMinor - before.balanceMinor).toBe(code === "00" ? 1_250n : 0n);
  });

  test.each([
    { name: "swiped", entryMode: EntryMode.MAGSTRIPE, amountMinor: 1_250n },
    { name: "tapped for a small amount", entryMode: EntryMode.CONTACTLESS, amountMinor: 500n },
    { name: "tapped for a large amount", entryMode: EntryMode.CONTACTLESS, amountMinor: 9_000n },
  ])("visa $name is approved", async ({ entryMode, amountMinor }) => {
    const { report } = await pay(mesh, { entryMode, amountMinor });
    expect(report.result?.responseCode).toBe("00");
    expect(report.receipt?.entryMode).toBe(entryMode);
  });
});

test("the same payment id never charges again", async () => {
  const first = await pay(mesh);
  const before = await balance();
  const again = await pay(mesh, { paymentId: first.report.paymentId });
  const after = await balance();
  expect(again.report.recordNumber).toBe(first.report.recordNumber);
  expect(again.report.signedResult).toEqual(first.report.signedResult);
  expect(after).toEqual(before);
});

const lookUp = (paymentId: string) =>
  mesh.clients.relay.getPayment({ key: { case: "paymentId", value: paymentId } });

async function codeOf(call: Promise<unknown>): Promise<Code> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error).code;
  }
  throw new Error("expected the call to be refused");
}
