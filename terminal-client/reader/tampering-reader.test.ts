import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  AmountsSchema,
  Certainty,
  EntryMode,
  type PaymentContextSchema,
  PaymentKind,
  type SignedPayment,
  Verification,
} from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  ReaderEventKind,
  type SessionRequest,
  type SessionResponse,
  type TerminalMessage,
} from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { frameStreamPair } from "../../mesh/testing/frame-stream-pair.ts";
import { FakeReader } from "../../test/fixtures/fake-reader.ts";
import { PaymentSigner, type PaymentWishes } from "../../test/fixtures/reader-payment.ts";
import { SALE, TerminalBench } from "../../test/fixtures/terminal-bench.ts";

type Sign = (signer: PaymentSigner, wishes: PaymentWishes) => SignedPayment;

/** A terminal with a reader that has a true certificate and signs what a test wants it to. */
function startWithReader(
  sign: Sign,
  cancelsHeard: string[] = [],
  onceReady: (reader: FakeReader) => void = () => undefined,
) {
  return TerminalBench.start((bench) => ({
    openReaderStream: () => {
      const pair = frameStreamPair<SessionRequest, SessionResponse>();
      const { keys, clock } = bench;
      const signer = new PaymentSigner({ keys, nowMs: () => clock.nowMs() });
      const { certificate, identity } = keys.reader;
      new FakeReader(pair.server, {
        certificate,
        identity,
        clock,
        random: keys.random,
        onMessage: (message, reader) => answer(message, reader, (wishes) => sign(signer, wishes)),
      });
      return pair.client;
    },
  }));

  function answer(
    message: TerminalMessage["message"],
    reader: FakeReader,
    signed: (wishes: PaymentWishes) => SignedPayment,
  ): void {
    switch (message.case) {
      case "preparePayment": {
        const { paymentId } = message.value;
        reader.say({ case: "prepared", value: { paymentId } });
        const verification = Verification.ONLINE_PIN;
        const entryMode = EntryMode.CHIP;
        const maskedPan = "424242******4242";
        reader.say({ case: "cardRead", value: { paymentId, verification, entryMode, maskedPan } });
        return;
      }
      case "confirm": {
        const { paymentId } = message.value;
        reader.say({
          case: "paymentReady",
          value: { payment: signed({ context: { paymentId } }) },
        });
        onceReady(reader);
        return;
      }
      case "cancel": {
        cancelsHeard.push("cancel");
        reader.say({ case: "cancelled", value: { paymentId: message.value.paymentId } });
        return;
      }
    }
  }
}

const amounts = (totalMinor: bigint) => create(AmountsSchema, { totalMinor });
type ContextChange = MessageInitShape<typeof PaymentContextSchema>;
const withContext =
  (change: ContextChange): Sign =>
  (signer, wishes) =>
    signer.sign({ ...wishes, context: { ...wishes.context, ...change } as ContextChange }).signed;

test("a reader that signs what it was asked to sign is believed", async () => {
  await using bench = await startWithReader(withContext({}));
  bench.pay(SALE, { card: "none" });
  (await bench.relay.next()).recorded();
});

test("a reader that floods a terminal that listens to the relay is left", async () => {
  const left = Promise.withResolvers<void>();
  await using bench = await startWithReader(withContext({}), [], (reader) => {
    for (let count = 0; count < 1_000; count += 1) {
      reader.say({ case: "event", value: { kind: ReaderEventKind.CARD_INSERTED } });
    }
    void reader.ended.then(() => left.resolve());
  });
  bench.pay(SALE, { card: "none" });
  await left.promise;
  (await bench.relay.next()).recorded();
});

test.each<{ field: string; sign: Sign }>([
  { field: "amounts", sign: withContext({ amounts: amounts(1_251n) }) },
  { field: "payment_id", sign: withContext({ paymentId: new Uint8Array(16).fill(7) }) },
  {
    field: "previous_payment_id",
    sign: withContext({ previousPaymentId: new Uint8Array(16).fill(7) }),
  },
  { field: "kind", sign: withContext({ kind: PaymentKind.REFUND }) },
  { field: "currency", sign: withContext({ currency: 840 }) },
  { field: "accept_partial", sign: withContext({ acceptPartial: true }) },
  { field: "merchant_id", sign: withContext({ merchantId: "ANOTHERSHOP0001" }) },
  { field: "terminal_id", sign: withContext({ terminalId: "TILL0002" }) },
  {
    field: "terminal_certificate_id",
    sign: withContext({ terminalCertificateId: new Uint8Array(8) }),
  },
  { field: "reader_serial", sign: withContext({ readerSerial: "SIM-0002" }) },
  { field: "reader_certificate_id", sign: withContext({ readerCertificateId: new Uint8Array(8) }) },
  { field: "entry_mode", sign: withContext({ entryMode: EntryMode.CONTACTLESS }) },
  {
    field: "verification",
    sign: (signer, wishes) => signer.sign({ ...wishes, pin: null }).signed,
  },
  {
    field: "signature",
    sign: (signer, wishes) => ({ ...signer.sign(wishes).signed, signature: new Uint8Array(64) }),
  },
])("a reader that signs another $field is stopped, and nothing is submitted", async (row) => {
  const cancelsHeard: string[] = [];
  await using bench = await startWithReader(row.sign, cancelsHeard);
  const report = await bench.pay(SALE, { card: "none" }).report;
  expect(report).toMatchObject({
    certainty: Certainty.FINAL,
    fault: {
      code: "SIGNATURE_REJECTED",
      message: `the reader signed something else than what it was asked for: ${row.field}`,
    },
  });
  expect({ cancelsHeard, submissions: bench.relay.submissionCount }).toEqual({
    cancelsHeard: ["cancel"],
    submissions: 0,
  });
});
