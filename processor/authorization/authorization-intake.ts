import type { AuthorizationRequest } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { HopSpan, Telemetry } from "../../mesh/tracing/telemetry.ts";
import { PaymentError } from "../../payment/errors.ts";
import { messageTypeOf, posEntryMode } from "../../payment/iso8583.ts";
import type { CheckedContext } from "../../payment/payment-context.ts";
import { parseRecordNumber } from "../../payment/record-number.ts";
import type { ProcessorKeys } from "../keys/processor-keys.ts";
import type { PinClient, PinOutcome, PinQuestion } from "../pins/pin-client.ts";
import type { CertificateCache } from "../registry/certificate-cache.ts";
import type { AuthorizationDesk } from "./authorization-desk.ts";
import type { EarlyFacts } from "./payment-facts.ts";
import {
  type ClaimedPayment,
  claimPayment,
  type OpenedPayment,
  openPayment,
} from "./payment-opener.ts";
import type { EntryAnswer, OpenedContent, Submission } from "./submission.ts";

interface AuthorizationIntakeParts {
  readonly desk: AuthorizationDesk;
  readonly certificates: CertificateCache;
  readonly keys: ProcessorKeys;
  readonly pins: PinClient;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Takes the payments of one box from their bytes to the desk: verify, open, ask about the PINs. */
export class AuthorizationIntake {
  readonly #parts: AuthorizationIntakeParts;

  constructor(parts: AuthorizationIntakeParts) {
    this.#parts = parts;
  }

  /**
   * An answer for each request, in the same order; they are ready at different times.
   *
   * @param relayId of the relay that holds the stream.
   */
  authorize(
    requests: readonly AuthorizationRequest[],
    relayId: string,
  ): readonly Promise<EntryAnswer>[] {
    const claims = requests.map((request) => attempt(() => this.#claim(request, relayId)));
    const opening = this.#openAll(
      claims.flatMap((claim) => (claim instanceof PaymentError ? [] : [claim])),
      relayId,
    );
    return claims.map((claim) =>
      claim instanceof PaymentError
        ? Promise.reject(claim)
        : opening.then((contents) => this.#submit(claim, relayId, contents)),
    );
  }

  #claim(request: AuthorizationRequest, relayId: string): Claim {
    const payment = claimPayment(request.payment);
    const { context } = payment.payment;
    requireRegrouped(request, context);
    const recordNumber = parseRecordNumber(request.recordNumber);
    if (!recordNumber.startsWith(relayId)) {
      throw new PaymentError("MALFORMED_REQUEST", "record_number must begin with the relay's id");
    }
    const span = this.#parts.telemetry.spanOf(
      request.traceparent,
      "processor.authorize",
      "server",
      { recordNumber, paymentId: context.paymentId, merchantId: context.merchantId },
    );
    const overAtMs = this.#parts.clock.monotonicMs() + request.timeLeftMs;
    return { ...payment, recordNumber, span, overAtMs };
  }

  /** Verifies and opens all, and begins to ask about their PINs. */
  async #openAll(claims: readonly Claim[], relayId: string): Promise<Contents> {
    const { certificates, keys, clock } = this.#parts;
    await certificates.load(claims.map(({ payment }) => payment.context.wire));
    const nowMs = clock.nowMs();
    const opened = new Map(
      claims.map((claim) => [
        claim,
        this.#late(claim) ?? attempt(() => openPayment(claim, { certificates, keys, nowMs })),
      ]),
    );
    const withPin = [...opened].flatMap(([claim, payment]) =>
      payment instanceof PaymentError || !hasPin(claim) ? [] : [{ claim, payment }],
    );
    return { opened, asked: this.#askPins(withPin, relayId) };
  }

  /** In one go, about those payments that a right PIN can help: each question may cost a try. */
  async #askPins(
    opened: readonly { readonly claim: Claim; readonly payment: OpenedPayment }[],
    relayId: string,
  ): Promise<PinsAsked> {
    const { desk, pins } = this.#parts;
    const previews = await Promise.all(
      opened.map(({ claim, payment }) => {
        const content = openedContent(claim, payment, "NOT_ASKED");
        return desk.preview(submissionOf(claim, relayId, { content }));
      }),
    );
    const asked = new Map<Claim, PaymentError | AskedPin>();
    const asking = opened.flatMap(({ claim, payment }, index) => {
      const preview = previews[index];
      if (preview === undefined) throw new Error("bug: a payment was not looked at");
      if (!(preview instanceof PaymentError)) return [{ claim, payment, early: preview }];
      asked.set(claim, preview);
      return [];
    });
    const outcomes = pins.verify(asking.map(({ claim, payment }) => questionOf(claim, payment)));
    asking.forEach(({ claim, early }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) throw new Error("bug: a PIN was not asked about");
      asked.set(claim, { outcome, early });
    });
    return asked;
  }

  /** Nobody waits any more, and the relay undoes it. What was decided before is answered still. */
  #late({ overAtMs }: Claim): PaymentError | undefined {
    if (this.#parts.clock.monotonicMs() < overAtMs) return undefined;
    return new PaymentError("DEADLINE_EXCEEDED", "time_left_ms is over");
  }

  async #submit(claim: Claim, relayId: string, contents: Contents): Promise<EntryAnswer> {
    const { span } = claim;
    try {
      const known = await knownOf(claim, contents);
      const content = this.#late(claim) ?? known.content;
      const submission = submissionOf(claim, relayId, { ...known, content });
      const answer = await this.#parts.desk.authorize(submission);
      span.end(answer.kind === "fault" ? answer.error.code : undefined);
      return answer;
    } catch (error) {
      span.end(error instanceof PaymentError ? error.code : "INTERNAL");
      throw error;
    }
  }
}

interface Claim extends ClaimedPayment {
  readonly recordNumber: string;
  readonly span: HopSpan;
  /** By the monotonic clock: the relay gives up then. */
  readonly overAtMs: number;
}

interface Contents {
  readonly opened: ReadonlyMap<Claim, OpenedPayment | PaymentError>;
  readonly asked: Promise<PinsAsked>;
}

/** Verdicts on their way, and why others were not asked for. */
type PinsAsked = ReadonlyMap<Claim, PaymentError | AskedPin>;

interface AskedPin {
  readonly outcome: Promise<PinOutcome>;
  readonly early: EarlyFacts;
}

/** What is to be decided about. */
type Known = Pick<Submission, "content" | "early">;

/** What the relay says in its own words must be what the reader signed. */
function requireRegrouped(request: AuthorizationRequest, context: CheckedContext): void {
  const types = [messageTypeOf(context.kind, false), messageTypeOf(context.kind, true)];
  if (!types.includes(request.messageType)) {
    throw new PaymentError(
      "MALFORMED_REQUEST",
      `message_type must be ${types.join(" or ")}, got ${request.messageType}`,
      { field: "message_type" },
    );
  }
  const expected = posEntryMode(context.wire.entryMode);
  if (request.posEntryMode !== expected) {
    throw new PaymentError("MALFORMED_REQUEST", `pos_entry_mode must be ${expected}`, {
      field: "pos_entry_mode",
    });
  }
}

function questionOf(claim: Claim, { pan, reader }: OpenedPayment): PinQuestion {
  return {
    contextBytes: claim.payment.contextBytes,
    pinBox: claim.payment.pinBox,
    pan,
    digest: claim.digest,
    dukptInitialKeyId: reader.wire.dukptInitialKeyId,
    traceparent: claim.span.traceparent,
  };
}

async function knownOf(claim: Claim, { opened, asked }: Contents): Promise<Known> {
  const payment = opened.get(claim);
  if (payment === undefined) throw new Error("bug: a claim was not opened");
  if (payment instanceof PaymentError) return { content: payment };
  if (!hasPin(claim)) return { content: openedContent(claim, payment, "NOT_ASKED") };
  try {
    const pin = (await asked).get(claim);
    if (pin === undefined) throw new Error("bug: a PIN was not asked about");
    if (pin instanceof PaymentError) return { content: pin };
    const { outcome, early } = pin;
    return { content: openedContent(claim, payment, await outcome), early };
  } catch (error) {
    if (error instanceof PaymentError) return { content: error };
    throw error;
  }
}

function hasPin({ payment }: Claim): boolean {
  return payment.pinBox.length > 0;
}

function openedContent(
  { payment }: Claim,
  { reader, pan, panToken, expirationDate }: OpenedPayment,
  pin: PinOutcome,
): OpenedContent {
  const signing = { keyId: reader.signing.keyId, counter: payment.context.wire.counter };
  const { lastFour, scheme } = pan;
  return { signing, panToken, lastFour, scheme, expirationDate, pin };
}

function submissionOf(claim: Claim, relayId: string, known: Known): Submission {
  const { contextDigest, digest, recordNumber, span, payment } = claim;
  const { context } = payment;
  return { context, contextDigest, digest, relayId, recordNumber, span, ...known };
}

function attempt<Value>(run: () => Value): Value | PaymentError {
  try {
    return run();
  } catch (error) {
    if (error instanceof PaymentError) return error;
    throw error;
  }
}
