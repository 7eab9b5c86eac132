import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AmountsSchema, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { withOneBitFlipped } from "../../sealing/testing/one-bit-flipped.ts";
import type { TerminalKeys } from "../../test/fixtures/keys.ts";
import { PaymentSigner, type ReaderSigned } from "../../test/fixtures/reader-payment.ts";
import { TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";

const { ACTIVE, SUSPENDED, RETIRED } = DeviceState;

let bed: TestBed;
let relay: TestRelay;
/** Devices beside the development ones, by what is wrong with them. */
let readers: Readonly<Record<"unknown" | "suspended" | "retired" | "elsewhere", PaymentSigner>>;
let terminals: Readonly<Record<"unknown" | "suspended" | "elsewhere", TerminalKeys>>;

beforeAll(async () => {
  bed = await TestBed.start();
  relay = await bed.startRelay();
  await bed.register(relay);
  const { merchantId } = bed.keys.terminal;
  const readerOf = (serial: string) =>
    new PaymentSigner({
      keys: bed.keys,
      nowMs: () => bed.clock.nowMs(),
      reader: bed.keys.anotherReader(serial),
    });
  readers = {
    unknown: readerOf("R-UNKNOWN"),
    suspended: readerOf("R-SUSPENDED"),
    retired: readerOf("R-RETIRED"),
    elsewhere: readerOf("R-ELSEWHERE"),
  };
  terminals = {
    unknown: bed.keys.anotherTerminal("TILLNONE", merchantId),
    suspended: bed.keys.anotherTerminal("TILLSUSP", merchantId),
    elsewhere: bed.keys.anotherTerminal("TILLELSE", "ANOTHERSHOP0001"),
  };
  await relay.registry.registerReaders({
    readers: [
      { certificate: readers.suspended.reader.certificate, merchantId, state: SUSPENDED },
      { certificate: readers.retired.reader.certificate, merchantId, state: RETIRED },
      {
        certificate: readers.elsewhere.reader.certificate,
        merchantId: "ANOTHERSHOP0001",
        state: ACTIVE,
      },
    ],
  });
  await relay.registry.registerTerminals({
    terminals: [
      { certificate: terminals.suspended.certificate, state: SUSPENDED, currencies: [978] },
      { certificate: terminals.elsewhere.certificate, state: ACTIVE, currencies: [978] },
    ],
  });
});

afterAll(() => bed[Symbol.asyncDispose]());

const REFUSALS: readonly {
  readonly name: string;
  readonly payment: () => ReaderSigned;
  readonly code: string;
  readonly message: string;
}[] = [
  {
    name: "a reader that is not registered",
    payment: () => readers.unknown.sign(),
    code: "READER_UNKNOWN",
    message: "reader R-UNKNOWN is not registered here",
  },
  {
    name: "a suspended reader",
    payment: () => readers.suspended.sign(),
    code: "READER_NOT_ACTIVE",
    message: "reader R-SUSPENDED is not active",
  },
  {
    name: "a retired reader",
    payment: () => readers.retired.sign(),
    code: "READER_NOT_ACTIVE",
    message: "reader R-RETIRED is not active",
  },
  {
    name: "a reader of another merchant",
    payment: () => readers.elsewhere.sign(),
    code: "NOT_PERMITTED",
    message: "reader R-ELSEWHERE is of another merchant",
  },
  {
    name: "a reader certificate that is not the registered one",
    payment: () => bed.signer.sign({ context: { readerCertificateId: new Uint8Array(8) } }),
    code: "CERTIFICATE_REJECTED",
    message: "reader certificate rejected",
  },
  {
    name: "a terminal that is not registered",
    payment: () => bed.signer.sign({ terminal: terminals.unknown }),
    code: "TERMINAL_UNKNOWN",
    message: "terminal CORNERCOFFEE001/TILLNONE is not registered here",
  },
  {
    name: "a suspended terminal",
    payment: () => bed.signer.sign({ terminal: terminals.suspended }),
    code: "TERMINAL_NOT_ACTIVE",
    message: "terminal CORNERCOFFEE001/TILLSUSP is not active",
  },
  {
    name: "a terminal of another merchant than the context says",
    payment: () =>
      bed.signer.sign({
        terminal: terminals.elsewhere,
        context: { merchantId: bed.keys.terminal.merchantId },
      }),
    code: "TERMINAL_UNKNOWN",
    message: "terminal CORNERCOFFEE001/TILLELSE is not registered here",
  },
  {
    name: "a terminal certificate that is not the registered one",
    payment: () => bed.signer.sign({ context: { terminalCertificateId: new Uint8Array(8) } }),
    code: "CERTIFICATE_REJECTED",
    message: "terminal certificate rejected",
  },
  {
    name: "a currency that the terminal may not use",
    payment: () => bed.signer.sign({ context: { currency: 840 } }),
    code: "CURRENCY_NOT_ACCEPTED",
    message: "currency must be one of 978, got 840",
  },
  {
    name: "a currency that nobody knows",
    payment: () => bed.signer.sign({ context: { currency: 1 } }),
    code: "CURRENCY_NOT_ACCEPTED",
    message: "currency must be an ISO 4217 numeric code, got 1",
  },
  {
    name: "amount 0",
    payment: () => bed.signer.sign({ totalMinor: 0n }),
    code: "AMOUNT_OUT_OF_RANGE",
    message: "amounts.total_minor must be 1 to 999999999999 minor units, got 0",
  },
  {
    name: "one over the largest amount",
    payment: () => bed.signer.sign({ totalMinor: 1_000_000_000_000n }),
    code: "AMOUNT_OUT_OF_RANGE",
    message: "amounts.total_minor must be 1 to 999999999999 minor units, got 1000000000000",
  },
  {
    name: "a tip above the total",
    payment: () =>
      bed.signer.sign({
        context: { amounts: create(AmountsSchema, { totalMinor: 100n, tipMinor: 101n }) },
      }),
    code: "AMOUNT_OUT_OF_RANGE",
    message: "tip, cashback and surcharge must be at most the total of 100, got 101",
  },
  {
    name: "a payment that was taken offline",
    payment: () => bed.signer.sign({ context: { kind: PaymentKind.OFFLINE_SALE } }),
    code: "NOT_SUPPORTED",
    message: "payments taken offline are not supported yet",
  },
  {
    name: "a kind that no reader starts",
    payment: () => bed.signer.sign({ context: { kind: PaymentKind.VOID } }),
    code: "MALFORMED_REQUEST",
    message: `kind must be one that a reader starts, got ${PaymentKind.VOID}`,
  },
  {
    name: "a payment whose time is over",
    payment: () => bed.signer.sign({ context: { submitBeforeMs: 1_700_000_000_000n } }),
    code: "SUBMITTED_TOO_LATE",
    message: "payment must be submitted before 2023-11-14T22:13:20.000Z",
  },
  {
    name: "another reader's signature",
    payment: () => {
      const payment = bed.signer.sign();
      payment.signed.signature = readers.elsewhere.signBytes(
        payment.signed.readerPayment,
      ).signature;
      return payment;
    },
    code: "SIGNATURE_REJECTED",
    message: "reader signature rejected",
  },
  {
    name: "an amount that was changed after signing",
    payment: () => {
      const payment = bed.signer.sign();
      const context = { paymentId: paymentIdToBytes(payment.paymentId) };
      const cheaper = bed.signer.sign({ totalMinor: 1n, context });
      payment.signed.readerPayment = cheaper.signed.readerPayment;
      return payment;
    },
    code: "SIGNATURE_REJECTED",
    message: "reader signature rejected",
  },
];

test.each(REFUSALS)("refuses $name", async ({ payment, code, message }) => {
  const { signed, paymentId } = payment();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  const { fault } = await terminal.refusedOf(paymentId);
  expect({ code: fault?.code, message: fault?.message }).toEqual({ code, message });
  expect(terminal.recorded).toEqual([]);
  // The stream goes on with the next payment.
  const next = bed.signer.sign();
  terminal.submit(next.signed);
  await terminal.recordedOf(next.paymentId);
});

test("one flipped bit in any byte of the signature is refused", async () => {
  const { signed } = bed.signer.sign();
  const terminal = relay.openTerminal();
  const copies = withOneBitFlipped(signed.signature);
  for (const signature of copies) terminal.submit({ ...signed, signature });
  await terminal.until(() => terminal.refused.length === copies.length);
  const codes = terminal.refused.map(({ fault }) => fault?.code);
  expect(new Set(codes)).toEqual(new Set(["SIGNATURE_REJECTED"]));
});

test("one flipped bit in any byte of the message is refused or ends the stream", async () => {
  const { signed } = bed.signer.sign();
  const before = await bed.query("SELECT count(*)::int FROM record");
  const outcomes = new Set<string>();
  for (const readerPayment of withOneBitFlipped(signed.readerPayment)) {
    const terminal = relay.openTerminal();
    terminal.submit({ ...signed, readerPayment });
    await terminal.until(() => terminal.refused.length === 1 || terminal.end !== undefined);
    outcomes.add(terminal.refused[0]?.fault?.code ?? `status ${terminal.end?.code}`);
    terminal.close();
  }
  expect([...outcomes].sort()).toEqual(
    [
      "MALFORMED_REQUEST",
      "READER_UNKNOWN",
      "CERTIFICATE_REJECTED",
      "SIGNATURE_REJECTED",
      "status 3",
    ].sort(),
  );
  expect(await bed.query("SELECT count(*)::int FROM record")).toEqual(before);
});

test.each([
  { name: "nothing", readerPayment: new Uint8Array() },
  { name: "too much", readerPayment: new Uint8Array(1_201) },
  { name: "garbage", readerPayment: Uint8Array.of(1, 2, 3) },
])("$name in place of the reader's message ends the stream", async ({ readerPayment }) => {
  const { signed } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit({ ...signed, readerPayment });
  await terminal.until(() => terminal.end !== undefined);
  expect(terminal.end?.code).toBe(3);
  expect(terminal.end?.message).toMatch(/^reader_payment must be /);
});

test("a reader that is suspended later is refused from then on", async () => {
  const { merchantId } = bed.keys.terminal;
  const signer = new PaymentSigner({
    keys: bed.keys,
    nowMs: () => bed.clock.nowMs(),
    reader: bed.keys.anotherReader("R-LATER"),
  });
  const { certificate } = signer.reader;
  await relay.registry.registerReaders({ readers: [{ certificate, merchantId, state: ACTIVE }] });
  const [first, second] = [signer.sign(), signer.sign()];
  const terminal = relay.openTerminal();
  terminal.submit(first.signed);
  await terminal.recordedOf(first.paymentId);
  await relay.registry.registerReaders({
    readers: [{ certificate, merchantId, state: SUSPENDED }],
  });
  terminal.submit(second.signed);
  const { fault } = await terminal.refusedOf(second.paymentId);
  expect(fault?.code).toBe("READER_NOT_ACTIVE");
});
