import { create } from "@bufbuild/protobuf";
import { afterAll, expect, test } from "vitest";
import { AuthorizationRequestSchema } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { createLog } from "../../mesh/log.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { noTelemetry } from "../../mesh/tracing/telemetry.ts";
import { Pan } from "../../payment/card.ts";
import { PaymentError } from "../../payment/errors.ts";
import { parseRelayId } from "../../payment/identifiers.ts";
import { messageTypeOf, posEntryMode } from "../../payment/iso8583.ts";
import { parsePaymentContext } from "../../payment/payment-context.ts";
import { newRecordNumber } from "../../payment/record-number.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import {
  verifyReaderCertificate,
  verifyTerminalCertificate,
} from "../../sealing/keys/certificates.ts";
import { TestKeys } from "../../test/fixtures/keys.ts";
import { PaymentSigner, type PaymentWishes } from "../../test/fixtures/reader-payment.ts";
import { readProcessorKeys } from "../keys/processor-keys.ts";
import { type EntryAnswer, faultAnswer } from "../payments/entry-answer.ts";
import type { PinOutcome, PinQuestion } from "../pins/pin-client.ts";
import { AuthorizationRun } from "./authorization-run.ts";
import type { IncomingPayment } from "./incoming-payment.ts";
import type { BatchFacts, EarlyFacts } from "./payment-facts.ts";
import { PaymentOpener } from "./payment-opener.ts";

const VISA = "4242424242424242";

const clock = new ManualClock();
const nowMs = clock.nowMs();
const keys = new TestKeys({ nowMs });
afterAll(() => keys[Symbol.dispose]());
const signer = new PaymentSigner({ keys, nowMs: () => nowMs });
const check = { curves, roots: keys.trustedRoots, nowMs };
const reader = verifyReaderCertificate({ ...check, envelope: keys.reader.certificate });
const terminal = verifyTerminalCertificate({ ...check, envelope: keys.terminal.certificate });

const facts: BatchFacts = {
  today: 20260101,
  existing: undefined,
  isCounterUsed: false,
  suspendedReader: undefined,
  relayState: "ACTIVE",
  reader: { state: "ACTIVE", merchantId: keys.terminal.merchantId },
  terminal: { state: "ACTIVE", currencies: [978], simulateByAmount: false },
  registryRevision: 0n,
  isCardKnown: true,
  card: undefined,
  accounts: undefined,
  refundedMinor: 0n,
  previous: undefined,
};

/** Desk and PIN service as far as a run sees them; they write down what they are asked. */
class PlayedParts {
  readonly steps: string[] = [];
  readonly decided: IncomingPayment[] = [];
  readonly asked: PinQuestion[] = [];
  readonly lines: string[] = [];
  read: (payment: IncomingPayment) => Promise<EarlyFacts> = async () => ({ facts, readAtMs: 0 });
  verify: () => Promise<PinOutcome> = async () => "VERIFIED";

  run(): AuthorizationRun {
    const processorKeys = readProcessorKeys({
      folder: keys.folder("processor"),
      curves,
      nowMs,
      onRenewalFailed: () => expect.unreachable(),
    });
    const certificates = { load: async () => {}, reader: () => reader, terminal: () => terminal };
    return new AuthorizationRun(
      new PaymentOpener(certificates, processorKeys),
      {
        read: (payment) => this.#step("read", () => this.read(payment)),
        authorize: (payment) => this.#step("decide", () => this.#decide(payment)),
      },
      {
        verify: (question) => {
          this.asked.push(question);
          return this.#step("ask", () => this.verify());
        },
      },
      { clock, log: logInto(this.lines), telemetry: noTelemetry },
    );
  }

  #step<Value>(name: string, run: () => Value): Value {
    this.steps.push(name);
    return run();
  }

  async #decide(payment: IncomingPayment): Promise<EntryAnswer> {
    this.decided.push(payment);
    return payment.refusal === undefined ? { kind: "silence" } : faultAnswer(payment.refusal);
  }
}

function logInto(lines: string[]) {
  const destination = { write: (line: string) => void lines.push(line) };
  return createLog({ program: "processor", instance: "p" }, clock, "info", destination);
}

function requestOf(
  wishes: PaymentWishes = {},
  timeLeftMs = 1_000,
  { signed, contextBytes } = signer.sign(wishes),
) {
  const { kind, wire } = parsePaymentContext(contextBytes);
  return create(AuthorizationRequestSchema, {
    payment: signed,
    recordNumber: newRecordNumber(parseRelayId("A1"), 0, keys.random.bytes(5)),
    messageType: messageTypeOf(kind, false),
    posEntryMode: posEntryMode(wire.entryMode),
    timeLeftMs,
  });
}

function inWords(answer: EntryAnswer): string {
  return answer.kind === "fault" ? answer.error.code : answer.kind;
}

/** How one payment ends, in words. */
async function outcomeOf(played: PlayedParts, request = requestOf()): Promise<string | undefined> {
  const [answer] = await Promise.all(played.run().authorize([request], "A1"));
  return answer && inWords(answer);
}

test.each([
  { name: "with a PIN is read before it is asked about", pin: "1234", steps: "read ask decide" },
  { name: "without a PIN goes to the desk at once", pin: null, steps: "decide" },
])("a payment $name", async ({ pin, steps }) => {
  const played = new PlayedParts();
  expect(await outcomeOf(played, requestOf({ pin }))).toBe("silence");
  expect(played.steps.join(" ")).toBe(steps);
});

test("the verdict of the PIN comes to the desk with what was read before it", async () => {
  const played = new PlayedParts();
  played.verify = async () => "WRONG";
  await outcomeOf(played);
  expect(played.decided[0]).toMatchObject({ pin: "WRONG", early: { facts, readAtMs: 0 } });
});

test("the PIN of a payment that cannot succeed is not asked about", async () => {
  const played = new PlayedParts();
  const suspended = {
    ...facts,
    terminal: { state: "SUSPENDED", currencies: [978], simulateByAmount: false },
  };
  played.read = async () => ({ facts: suspended, readAtMs: 0 });
  expect(await outcomeOf(played)).toBe("TERMINAL_NOT_ACTIVE");
  expect(played.steps).toEqual(["read", "decide"]);
  expect(played.decided[0]).toMatchObject({ pin: "NOT_ASKED", early: undefined });
});

test("what cannot be opened is still looked for: it may have its answer", async () => {
  const played = new PlayedParts();
  const request = requestOf();
  request.payment?.signature.fill(0);
  expect(await outcomeOf(played, request)).toBe("SIGNATURE_REJECTED");
  expect(played.steps).toEqual(["decide"]);
  expect(played.decided[0]?.content).toBeUndefined();
});

test.each([
  {
    name: "sealed for another payment",
    reason: "context",
    sign: () => signer.withCardBoxOf(signer.sign(), signer.sign()),
  },
  {
    name: "with a wrong check digit",
    reason: "card data",
    sign: () => signer.sign({ cardData: { pan: "4242424242424241" } }),
  },
  {
    name: "of a month that is none",
    reason: "card data",
    sign: () => signer.sign({ cardData: { expirationDate: "2713" } }),
  },
])("card data $name: the log alone says why", async ({ reason, sign }) => {
  const played = new PlayedParts();
  expect(await outcomeOf(played, requestOf({}, 1_000, sign()))).toBe("SEALED_DATA_REJECTED");
  expect(played.decided[0]?.refusal?.message).toBe("sealed data rejected");
  const [line = "{}", ...others] = played.lines;
  expect(others).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({ event: "sealed_data_rejected", reason });
  expect(line).not.toContain("42424242");
});

test("a payment that is refused for another reason is no line in the log", async () => {
  const played = new PlayedParts();
  const request = requestOf();
  request.payment?.signature.fill(0);
  await outcomeOf(played, request);
  expect(played.lines).toEqual([]);
});

test("a payment whose time is over is opened no more", async () => {
  const played = new PlayedParts();
  expect(await outcomeOf(played, requestOf({}, 0))).toBe("DEADLINE_EXCEEDED");
  expect(played.decided[0]?.content).toBeUndefined();
});

test("a payment whose time ran out while its PIN was verified is refused", async () => {
  const played = new PlayedParts();
  played.verify = async () => {
    await clock.advance(1_000);
    return "VERIFIED";
  };
  expect(await outcomeOf(played)).toBe("DEADLINE_EXCEEDED");
});

test("a PIN that nobody verified is no wrong one", async () => {
  const played = new PlayedParts();
  played.verify = async () => {
    throw new PaymentError("UPSTREAM_NOT_REACHED", "the PIN service did not decide");
  };
  expect(await outcomeOf(played)).toBe("UPSTREAM_NOT_REACHED");
  expect(played.decided[0]?.early).toBeUndefined();
});

test("a payment that cannot be read harms no other of its box", async () => {
  const played = new PlayedParts();
  const [poisoned, sound] = [requestOf(), requestOf()];
  played.read = async ({ signed }) => {
    if (signed === poisoned.payment) throw new PaymentError("OVERLOADED", "too many");
    return { facts, readAtMs: 0 };
  };
  const answers = await Promise.all(played.run().authorize([poisoned, sound], "A1"));
  expect(answers.map(inWords)).toEqual(["OVERLOADED", "silence"]);
});

test("the card number is for the PIN service alone", async () => {
  const played = new PlayedParts();
  await outcomeOf(played);
  expect(played.asked[0]?.pan.revealPan()).toBe(VISA);
  const [payment] = played.decided;
  expect(payment?.content).toMatchObject({ lastFour: "4242", scheme: "VISA" });
  expect([...partsOf(payment)].filter(holdsTheNumber)).toEqual([]);
});

function holdsTheNumber(part: unknown): boolean {
  if (part instanceof Pan) return true;
  if (part instanceof Uint8Array) return Buffer.from(part).includes(VISA);
  return String(part).includes(VISA);
}

/** A value, and everything that can be reached from it. */
function* partsOf(value: unknown): Generator<unknown> {
  yield value;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  for (const part of Object.values(value)) yield* partsOf(part);
}
