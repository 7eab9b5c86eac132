import { create, toBinary } from "@bufbuild/protobuf";
import {
  EntryMode,
  PaymentContextSchema,
  PaymentKind,
  ReaderPaymentSchema,
  Verification,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Refused,
  RelayService,
  type TransactRequest,
  TransactRequestSchema,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { newPaymentId, paymentIdToBytes } from "../payment/identifiers.ts";
import { type Check, expectRefusal, expectThat, type Target } from "./check.ts";
import { Conversation } from "./conversation.ts";
import { ANSWERS_JSON, everyProgram } from "./every-program.ts";
import { helloOf, streamRules } from "./stream-rules.ts";

const open = ({ channel, clock }: Target) =>
  new Conversation(channel.openStream(RelayService.method.transact), clock);

const calls = ({ channel }: Target) => channel.client(RelayService);

/** What a relay does for terminals and people, as far as it shows without keys. */
export const RELAY_CHECKS: readonly Check[] = [
  ...everyProgram(RelayService),
  ANSWERS_JSON,
  {
    name: "GetPayment: refuses what is no record number with MALFORMED_REQUEST",
    run: (target) => {
      const key = { case: "recordNumber", value: "hello" } as const;
      return expectRefusal(calls(target).getPayment({ key }), "MALFORMED_REQUEST");
    },
  },
  {
    name: "GetPayment: PAYMENT_NOT_FOUND for a payment that is not there",
    run: (target) => {
      const value = newPaymentId(target.clock.nowMs(), new Uint8Array(10));
      const key = { case: "paymentId", value } as const;
      const merchantId = "CONFORMANCE0000";
      return expectRefusal(calls(target).getPayment({ key, merchantId }), "PAYMENT_NOT_FOUND");
    },
  },
  {
    name: "ListPayments: gives at most as many records as asked for",
    async run(target) {
      const { payments } = await calls(target).listPayments({ pageSize: 1 });
      expectThat(payments.length <= 1, `expected one at most, got ${payments.length}`);
    },
  },
  {
    name: "ListPayments: refuses a page of 501 with MALFORMED_REQUEST",
    run: (target) =>
      expectRefusal(calls(target).listPayments({ pageSize: 501 }), "MALFORMED_REQUEST"),
  },
  {
    name: "GetManifest: passes a manifest on, with its delegation",
    async run(target) {
      const { manifest } = await calls(target).getManifest({});
      expectThat(manifest?.delegation !== undefined, "expected a delegation, got none");
      expectThat(manifest.manifest !== undefined, "expected a manifest, got none");
    },
  },
  {
    name: "CancelPayment: refuses what is no payment id with MALFORMED_REQUEST",
    run: (target) =>
      expectRefusal(calls(target).cancelPayment({ paymentId: "x" }), "MALFORMED_REQUEST"),
  },
  ...streamRules({
    name: "Transact",
    open,
    frame: (frame) => create(TransactRequestSchema, { frame }),
  }),
  {
    name: "Transact: refuses a payment of an unknown reader by its id, and the stream goes on",
    async run(target) {
      using talk = open(target);
      const paymentId = newPaymentId(target.clock.nowMs(), new Uint8Array(10));
      const hello = { case: "hello", value: helloOf() } as const;
      talk.say(
        create(TransactRequestSchema, { frame: hello }),
        strangersPayment(target, paymentId),
      );
      await talk.hear("hello");
      const refused = await talk.hear<Refused>("refused");
      const isThisOne = Buffer.compare(refused.paymentId, paymentIdToBytes(paymentId)) === 0;
      expectThat(isThisOne, "expected the payment's id in Refused, got another");
      expectThat(refused.fault?.code !== "", "expected a code in the fault, got none");
      talk.say(create(TransactRequestSchema, { frame: { case: "close", value: {} } }));
      await talk.hear("close");
    },
  },
];

/** Well formed in every way, signed by nobody. */
function strangersPayment(
  { clock }: Target,
  paymentId: ReturnType<typeof newPaymentId>,
): TransactRequest {
  const nowMs = BigInt(clock.nowMs());
  const context = create(PaymentContextSchema, {
    version: 1,
    paymentId: paymentIdToBytes(paymentId),
    readerSerial: "CONFORMANCE-1",
    readerCertificateId: new Uint8Array(8).fill(1),
    counter: 1n,
    kind: PaymentKind.SALE,
    amounts: { totalMinor: 100n },
    currency: 978,
    merchantId: "CONFORMANCE0000",
    terminalId: "CONFORM1",
    terminalCertificateId: new Uint8Array(8).fill(2),
    entryMode: EntryMode.CHIP,
    verification: Verification.NONE,
    cardKeyId: new Uint8Array(8).fill(3),
    manifestNumber: 1n,
    readerTimeMs: nowMs,
    submitBeforeMs: nowMs + 120_000n,
  });
  const readerPayment = create(ReaderPaymentSchema, {
    context: toBinary(PaymentContextSchema, context),
    cardBox: new Uint8Array(560).fill(4),
  });
  const payment = {
    readerPayment: toBinary(ReaderPaymentSchema, readerPayment),
    signature: new Uint8Array(64).fill(5),
  };
  return create(TransactRequestSchema, { frame: { case: "submit", value: { payment } } });
}
