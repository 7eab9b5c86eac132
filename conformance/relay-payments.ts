import { create } from "@bufbuild/protobuf";
import {
  Certainty,
  PaymentState,
  type SignedPayment,
} from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Completed,
  type Recorded,
  type Refused,
  RelayService,
  type TransactRequest,
  TransactRequestSchema,
  type TransactResponse,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { enumName } from "../payment/enum-name.ts";
import type { PaymentErrorCode } from "../payment/errors.ts";
import { parseReaderPayment } from "../payment/payment-context.ts";
import { verifyAnswer } from "../sealing/boxes/signed-result.ts";
import { equalBytes } from "../sealing/bytes.ts";
import { type Check, expectThat, type PayingTarget, type PaymentChecks } from "./check.ts";
import { Conversation } from "./conversation.ts";
import type { ReaderSigned } from "./payment-signer.ts";
import { helloOf } from "./stream-rules.ts";

/** What a relay does with payments, by a reader and a terminal that we play. */
export const RELAY_PAYMENTS: PaymentChecks = {
  introduction: "registers a terminal and a reader; passes on a manifest that the roots trust",
  async introduce({ channel, counter, neighbours }) {
    const { manifest } = await channel.client(RelayService).getManifest({});
    counter.trust(manifest);
    await counter.registerAtRelay(channel);
    if (neighbours.processor !== undefined) await counter.registerAtProcessor(neighbours.processor);
  },
  checks: [
    {
      name: "Transact: records a sealed payment with a PIN, then brings the signed approval",
      async run(target) {
        using stream = await TerminalStream.open(target);
        const payment = target.counter.signer.sign();
        const { completed } = await stream.pay(payment);
        expectAnswer(target, payment, completed, PaymentState.APPROVED);
      },
    },
    {
      name: "Transact: brings a decline with its signed result",
      async run(target) {
        using stream = await TerminalStream.open(target);
        const payment = target.counter.signer.sign({ pin: "9999" });
        expectAnswer(target, payment, (await stream.pay(payment)).completed, PaymentState.DECLINED);
        // The right PIN afterwards, so that no card is left with a try less.
        const right = target.counter.signer.sign();
        expectAnswer(target, right, (await stream.pay(right)).completed, PaymentState.APPROVED);
      },
    },
    {
      name: "Transact: answers the same payment with the same record and result again",
      async run(target) {
        const payment = target.counter.signer.sign({ pin: null });
        using first = await TerminalStream.open(target);
        using second = await TerminalStream.open(target);
        const [one, other] = [await first.pay(payment), await second.pay(payment)];
        const { recordNumber } = one.recorded;
        expectThat(other.recorded.recordNumber === recordNumber, "expected the same record number");
        const [a, b] = [one.completed.result?.result, other.completed.result?.result];
        const isSame = a !== undefined && b !== undefined && equalBytes(a, b);
        expectThat(isSame, "expected the same signed result, got another one");
      },
    },
    {
      name: "GetPayment: gives the record of a payment by its number",
      async run(target) {
        using stream = await TerminalStream.open(target);
        const { recorded } = await stream.pay(target.counter.signer.sign({ pin: null }));
        const key = { case: "recordNumber", value: recorded.recordNumber } as const;
        const { payment } = await target.channel.client(RelayService).getPayment({ key });
        const state = enumName(PaymentState, payment?.state ?? PaymentState.UNSPECIFIED);
        expectThat(state === "APPROVED", `expected APPROVED, got ${state}`);
        const { serial } = target.counter.reader;
        expectThat(payment?.readerSerial === serial, "expected the reader's serial in the record");
      },
    },
    refusing("a signature that is not the reader's", "SIGNATURE_REJECTED", async (target) => {
      const { signed } = target.counter.signer.sign({ pin: null });
      const { signature } = target.counter.strangeSigner.signBytes(signed.readerPayment);
      return { ...signed, signature };
    }),
    refusing("another payment under the same id", "DUPLICATE_DIFFERS", async (target, stream) => {
      const { signer } = target.counter;
      const first = signer.sign({ pin: null });
      await stream.pay(first);
      const { paymentId } = parseReaderPayment(first.signed.readerPayment).context.wire;
      return signer.sign({ pin: null, totalMinor: 2_000n, context: { paymentId } }).signed;
    }),
    refusing(
      "a currency that the terminal may not take",
      "CURRENCY_NOT_ACCEPTED",
      async (target) => {
        return target.counter.signer.sign({ pin: null, context: { currency: 392 } }).signed;
      },
    ),
  ],
};

/** A terminal's stream that has been greeted. */
class TerminalStream implements Disposable {
  readonly #talk: Conversation<TransactRequest, TransactResponse>;

  static async open({ channel, clock }: PayingTarget): Promise<TerminalStream> {
    const talk = new Conversation(channel.openStream(RelayService.method.transact), clock);
    talk.say(create(TransactRequestSchema, { frame: { case: "hello", value: helloOf() } }));
    await talk.hear("hello");
    return new TerminalStream(talk);
  }

  private constructor(talk: Conversation<TransactRequest, TransactResponse>) {
    this.#talk = talk;
  }

  /** The record number must come before the outcome. @throws ContractBroken */
  async pay({ signed }: ReaderSigned): Promise<{ recorded: Recorded; completed: Completed }> {
    this.#submit(signed);
    const recorded = await this.#talk.hear<Recorded>("recorded");
    const completed = await this.#talk.hear<Completed>("completed");
    const isSame = recorded.recordNumber === completed.recordNumber;
    expectThat(isSame, "expected one record number for the payment, got two");
    return { recorded, completed };
  }

  async submitToBeRefused(payment: SignedPayment): Promise<Refused> {
    this.#submit(payment);
    return await this.#talk.hear<Refused>("refused");
  }

  [Symbol.dispose](): void {
    this.#talk[Symbol.dispose]();
  }

  #submit(payment: SignedPayment): void {
    const frame = { case: "submit", value: { payment } } as const;
    this.#talk.say(create(TransactRequestSchema, { frame }));
  }
}

/** A payment that must be refused with this code, after which the stream takes another one. */
function refusing(
  what: string,
  code: PaymentErrorCode,
  make: (target: PayingTarget, stream: TerminalStream) => Promise<SignedPayment>,
): Check<PayingTarget> {
  return {
    name: `Transact: refuses ${what} with ${code}, and the stream goes on`,
    async run(target) {
      using stream = await TerminalStream.open(target);
      const { fault } = await stream.submitToBeRefused(await make(target, stream));
      expectThat(fault?.code === code, `expected ${code}, got ${fault?.code}`);
      await stream.pay(target.counter.signer.sign({ pin: null }));
    },
  };
}

/** Holds what came to the payment as a terminal does. @throws ContractBroken, PaymentError */
function expectAnswer(
  { counter }: PayingTarget,
  { signed }: ReaderSigned,
  { state, certainty, result }: Completed,
  wanted: PaymentState,
): void {
  const [want, got] = [enumName(PaymentState, wanted), enumName(PaymentState, state)];
  expectThat(state === wanted, `expected ${want}, got ${got}`);
  expectThat(certainty === Certainty.FINAL, "expected a final outcome, got an unsure one");
  expectThat(result !== undefined, `expected a signed result with ${want}, got none`);
  const payment = parseReaderPayment(signed.readerPayment);
  verifyAnswer({ signed: result, manifest: counter.manifest, payment });
}
