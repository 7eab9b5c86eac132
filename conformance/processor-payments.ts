import { Outcome, type Result } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { ProcessorService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import type { PaymentErrorCode } from "../payment/errors.ts";
import { parseReaderPayment } from "../payment/payment-context.ts";
import { verifyAnswer } from "../sealing/boxes/signed-result.ts";
import { equalBytes } from "../sealing/bytes.ts";
import { type Check, expectThat, type PayingTarget, type PaymentChecks } from "./check.ts";
import type { PaymentSigner, ReaderSigned } from "./payment-signer.ts";
import { inWords, type Played, PlayingRelay } from "./playing-relay.ts";

/** What a processor does with payments, by a reader, a terminal and a relay that we play. */
export const PROCESSOR_PAYMENTS: PaymentChecks = {
  introduction: "registers a relay, a terminal and a reader; its manifest is what the roots trust",
  async introduce({ channel, counter }) {
    const { manifest } = await channel.client(ProcessorService).getManifest({});
    counter.trust(manifest);
    await counter.registerAtProcessor(channel);
  },
  checks: [
    playing("approves a sealed payment with a PIN, and signs the result", async (table) => {
      const payment = table.signer.sign();
      table.expectAnswer(await table.relay.authorize(payment), payment, "APPROVED 00");
    }),
    playing("answers the same payment with the same bytes again", async (table) => {
      const payment = table.signer.sign({ pin: null });
      const [first, second] = [
        await table.relay.authorize(payment),
        await table.relay.authorize(payment),
      ];
      table.expectAnswer(first, payment, "APPROVED 00");
      const isSame = equalBytes(bytesOf(first), bytesOf(second));
      expectThat(isSame, "expected the stored result, got another one");
    }),
    playing(
      "signs each result of a box; a signature over all of them is right, or absent",
      async (table) => {
        const payments = [1, 2, 3].map(() => table.signer.sign({ pin: null }));
        const played = await Promise.all(table.relay.authorizeAll(payments));
        for (const [index, payment] of payments.entries()) {
          const one = played[index];
          expectThat(one !== undefined, "expected an answer to each payment");
          table.expectAnswer(one, payment, "APPROVED 00");
        }
        const isRight = table.relay.boxSignatures.every((right) => right);
        expectThat(isRight, "expected a right results_signature or none, got a wrong one");
      },
    ),
    playing("declines a wrong PIN with 55, and takes the right one", async (table) => {
      const wrong = table.signer.sign({ pin: "9999" });
      table.expectAnswer(await table.relay.authorize(wrong), wrong, "DECLINED 55");
      const right = table.signer.sign();
      table.expectAnswer(await table.relay.authorize(right), right, "APPROVED 00");
    }),
    playing("simulates for a terminal that is registered so: x.51 is declined", async (table) => {
      const payment = table.signer.sign({ pin: null, totalMinor: 1_051n });
      table.expectAnswer(await table.relay.authorize(payment), payment, "DECLINED 51");
    }),
    playing("says when it has written down what the relay has, and keeps that", async (table) => {
      const payment = table.signer.sign({ pin: null });
      await table.relay.authorize(payment);
      await table.relay.acknowledge(payment, 1);
      const kept = await table.relay.reverse(table.relay.reverseOf(payment));
      table.expectAnswer(kept, payment, "APPROVED 00");
    }),
    playing("keeps what it approved when the relay lost its memory of it", async (table) => {
      const payment = table.signer.sign({ pin: null });
      await table.relay.authorize(payment);
      const order = table.relay.reverseOf(payment, { unlessApproved: true });
      table.expectAnswer(await table.relay.reverse(order), payment, "APPROVED 00");
    }),
    playing("undoes what it approved when the relay reverses", async (table) => {
      const payment = table.signer.sign({ pin: null });
      await table.relay.authorize(payment);
      const reversed = await table.relay.reverse(table.relay.reverseOf(payment));
      const result = table.expectAnswer(reversed, payment, "REVERSED 00", /^REVERSED/);
      expectThat(result.revision > 1, `expected a later revision, got ${result.revision}`);
      expectThat(result.approvedAmountMinor === 0n, "expected nothing approved any more");
    }),
    playing("never takes a payment that was reversed before it came", async (table) => {
      const payment = table.signer.sign({ pin: null });
      const tombstone = await table.relay.reverse(table.relay.reverseOf(payment));
      expectThat(tombstone.fault === undefined, `expected a result, got ${inWords(tombstone)}`);
      const late = await table.relay.authorize(payment);
      expectThat(late.result?.outcome !== Outcome.APPROVED, "expected no approval, got one");
    }),
    playing("refuses a payment whose time is over with DEADLINE_EXCEEDED", async (table) => {
      const payment = table.signer.sign({ pin: null });
      const late = inWords(await table.relay.authorize(payment, { timeLeftMs: 0 }));
      expectThat(late === "DEADLINE_EXCEEDED", `expected DEADLINE_EXCEEDED, got ${late}`);
      // Nothing was decided, so it may come again; what was decided is answered at any time.
      table.expectAnswer(await table.relay.authorize(payment), payment, "APPROVED 00");
      const again = await table.relay.authorize(payment, { timeLeftMs: 0 });
      table.expectAnswer(again, payment, "APPROVED 00");
    }),
    refusing("a signature that is not the reader's", "SIGNATURE_REJECTED", async (table) => {
      const payment = table.signer.sign({ pin: null });
      const { signed } = table.stranger.sign({ pin: null });
      const { signature } = table.stranger.signBytes(payment.signed.readerPayment);
      return { ...payment, signed: { ...signed, ...payment.signed, signature } };
    }),
    refusing("the card box of another payment", "SEALED_DATA_REJECTED", async (table) => {
      const [one, another] = [table.signer.sign({ pin: null }), table.signer.sign({ pin: null })];
      return table.signer.withCardBoxOf(one, another);
    }),
    refusing("a reader that nobody registered", "READER_UNKNOWN", async (table) => {
      return table.stranger.sign({ pin: null });
    }),
    refusing("another payment under the same id", "DUPLICATE_DIFFERS", async (table) => {
      const first = table.signer.sign({ pin: null });
      await table.relay.authorize(first);
      const paymentId = contextOf(first).paymentId;
      return table.signer.sign({ pin: null, totalMinor: 2_000n, context: { paymentId } });
    }),
    refusing("a reader's counter that was used before", "COUNTER_REUSED", async (table) => {
      const first = table.signer.sign({ pin: null });
      await table.relay.authorize(first);
      return table.signer.sign({ pin: null, context: { counter: contextOf(first).counter } });
    }),
  ],
};

/** Everything that a check plays with; the stream is closed in the end. */
interface Table {
  readonly relay: PlayingRelay;
  readonly signer: PaymentSigner;
  /** Signs for a reader that is known nowhere. */
  readonly stranger: PaymentSigner;
  /** Holds an answer to the payment as a terminal does. @throws ContractBroken, PaymentError */
  expectAnswer(played: Played, payment: ReaderSigned, words: string, pattern?: RegExp): Result;
}

function playing(does: string, play: (table: Table) => Promise<void>): Check<PayingTarget> {
  const run = async ({ address, counter }: PayingTarget) => {
    await using relay = new PlayingRelay({ keys: counter, address });
    await play({
      relay,
      signer: counter.signer,
      stranger: counter.strangeSigner,
      expectAnswer(played, { signed }, words, pattern) {
        const got = inWords(played);
        expectThat(pattern?.test(got) ?? got === words, `expected ${words}, got ${got}`);
        expectThat(played.result !== undefined, `expected ${words}, got a fault`);
        const payment = parseReaderPayment(signed.readerPayment);
        const check = { signed: played.signed, manifest: counter.manifest, payment };
        const result = verifyAnswer(check);
        const { merchantId } = payment.context;
        const named = result.merchantId === "" ? "none" : result.merchantId;
        expectThat(named === merchantId, `expected merchant ${merchantId}, got ${named}`);
        return result;
      },
    });
  };
  return { name: `Process: ${does}`, run };
}

/** A payment that must be refused with this code, and may be an entry of any box. */
function refusing(
  what: string,
  code: PaymentErrorCode,
  make: (table: Table) => Promise<ReaderSigned>,
): Check<PayingTarget> {
  return playing(`refuses ${what} with ${code}`, async (table) => {
    const got = inWords(await table.relay.authorize(await make(table)));
    expectThat(got === code, `expected ${code}, got ${got}`);
  });
}

function bytesOf(played: Played): Uint8Array {
  return played.result === undefined ? new Uint8Array() : played.bytes;
}

function contextOf({ signed }: ReaderSigned) {
  return parseReaderPayment(signed.readerPayment).context.wire;
}
