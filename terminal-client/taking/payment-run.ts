import { create } from "@bufbuild/protobuf";
import { Certainty, PaymentKind, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import {
  PaymentRecordedSchema,
  type PaymentReport,
  PaymentStartedSchema,
  PaymentSubmittedSchema,
} from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Clock } from "../../mesh/clock.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PaymentError } from "../../payment/errors.ts";
import { newPaymentId, paymentIdToBytes } from "../../payment/identifiers.ts";
import type { CheckedTerminalCertificate } from "../../sealing/keys/certificates.ts";
import type { Random } from "../../sealing/random.ts";
import type { Journal, JournalEntry } from "../journal/journal.ts";
import type { IdentifiedRequest, PaymentRequest } from "../payment-request.ts";
import type { ReaderConversation, ReaderLink } from "../reader/reader-link.ts";
import type { OpenPayment, OpenPayments } from "../settling/open-payments.ts";
import { reportUnknown } from "../settling/payment-report.ts";
import type { Till } from "../till/till.ts";
import { TillSeat } from "../till/till-seat.ts";
import { type TakenCard, takeCard } from "./card-taking.ts";

/**
 * How long a till waits for the processor's word that a payment which ended before it was submitted
 * can not happen any more. It takes some milliseconds; without an answer the till is told UNKNOWN.
 */
export const END_MS_MAX = 3_000;

export interface PaymentRunOptions extends Pick<Surroundings, "clock" | "telemetry" | "faults"> {
  readonly journal: Journal;
  readonly reader: ReaderLink;
  readonly openPayments: OpenPayments;
  readonly certificate: CheckedTerminalCertificate;
  readonly random: Random;
  /** How long a till waits for the answer before it hears UNKNOWN, in milliseconds. */
  readonly answerMsMax: number;
}

/**
 * One new payment, from the till's request to its end, or to "unknown" when the answer does not
 * come in time. The id is in the journal before the reader hears of it, the signed bytes before
 * they are submitted.
 *
 * @throws PaymentError READER_BUSY before anything was begun; TAKEN_OVER when another till goes on
 *   with the payment. Every other end is a report.
 */
export function runPayment(
  options: PaymentRunOptions,
  request: PaymentRequest,
  till: Till,
): Promise<PaymentReport> {
  return TillSeat.begin(till, (seat) => runAtSeat(options, request, seat));
}

async function runAtSeat(
  options: PaymentRunOptions,
  request: PaymentRequest,
  till: TillSeat,
): Promise<PaymentReport> {
  const { reader, clock, random, certificate, telemetry } = options;
  using conversation = reader.converse();
  const readerSerial = conversation.peer.certificate.serial;
  const nowMs = clock.nowMs();
  const paymentId = request.paymentId ?? newPaymentId(nowMs, random.bytes(10));
  const span = telemetry.spanOf(request.traceparent, "terminal.payment", "internal", {
    paymentId,
    paymentKind: enumName(PaymentKind, request.kind),
    terminalId: certificate.terminalId,
    merchantId: certificate.merchantId,
    readerSerial,
  });
  const { traceparent } = span;
  const entry = { paymentId, request, startedAtMs: nowMs, traceparent };
  let errorType: string | undefined = "INTERNAL";
  try {
    const report = await takeAndSettle(options, { entry, conversation, till });
    span.set({
      recordNumber: report.recordNumber,
      paymentState: enumName(PaymentState, report.state),
      responseCode: report.result?.responseCode,
    });
    errorType = report.fault?.code;
    return report;
  } finally {
    span.end(errorType);
  }
}

/**
 * A payment that a relay will not even be asked about: it is made impossible before anything is
 * said, for what this terminal has forgotten of it may have been charged.
 */
export async function refusePayment(
  options: PaymentRunOptions,
  request: IdentifiedRequest,
  error: PaymentError,
): Promise<PaymentReport> {
  const { journal, openPayments, clock, telemetry } = options;
  const { paymentId } = request;
  const span = telemetry.spanOf(request.traceparent, "terminal.payment", "internal", { paymentId });
  const { traceparent } = span;
  const entry = { paymentId, request, startedAtMs: clock.nowMs(), traceparent };
  try {
    return await awaitEnd(options, await begin());
  } finally {
    span.end(error.code);
  }

  async function begin(): Promise<OpenPayment> {
    using _taking = openPayments.taking.begin(entry);
    await journal.write(entry);
    return await openPayments.end(entry, error);
  }
}

/** Waits for the end of a payment that was submitted, as long as a till waits. */
export async function awaitAnswer(
  options: Pick<PaymentRunOptions, "clock" | "telemetry" | "answerMsMax">,
  open: OpenPayment,
  till: Till,
): Promise<PaymentReport> {
  const { clock, telemetry, answerMsMax } = options;
  const { entry } = open;
  const { paymentId, traceparent } = entry;
  open.hurry();
  const span = telemetry.spanOf(traceparent, "terminal.submit", "internal", { paymentId });
  using _recorded = open.onRecorded((recordNumber) => {
    span.set({ recordNumber });
    const value = create(PaymentRecordedSchema, { recordNumber });
    till.onEvent({ case: "recorded", value });
  });
  const report = await finishedWithin(clock, open, answerMsMax);
  span.end(report === undefined ? "DEADLINE_EXCEEDED" : undefined);
  return report ?? reportUnknown(entry, open.known);
}

async function finishedWithin(
  clock: Clock,
  { finished }: OpenPayment,
  msMax: number,
): Promise<PaymentReport | undefined> {
  const late = Promise.withResolvers<undefined>();
  using _timer = clock.timer(msMax, () => late.resolve(undefined));
  return await Promise.race([finished, late.promise]);
}

/** Waits for the end of a payment that was not submitted. */
async function awaitEnd(
  { clock, telemetry }: Pick<PaymentRunOptions, "clock" | "telemetry">,
  open: OpenPayment,
): Promise<PaymentReport> {
  const { paymentId, traceparent } = open.entry;
  const span = telemetry.spanOf(traceparent, "terminal.undo", "internal", { paymentId });
  const report = await finishedWithin(clock, open, END_MS_MAX);
  span.end(report === undefined ? "DEADLINE_EXCEEDED" : undefined);
  return report ?? reportUnknown(open.entry, open.known);
}

interface Underway {
  readonly entry: JournalEntry;
  readonly conversation: ReaderConversation;
  readonly till: TillSeat;
}

async function takeAndSettle(
  options: PaymentRunOptions,
  underway: Underway,
): Promise<PaymentReport> {
  const { conversation, till } = underway;
  const { paymentId, traceparent } = underway.entry;
  const { open, isSubmitted } = await takeAndSubmit(options, underway);
  if (!isSubmitted) {
    // The reader is free for the next customer meanwhile.
    conversation[Symbol.dispose]();
    return await awaitEnd(options, open);
  }
  till.onEvent({ case: "submitted", value: create(PaymentSubmittedSchema, { paymentId }) });
  const report = await awaitAnswer(options, open, till);
  if (report.certainty === Certainty.UNKNOWN) {
    open.release();
    const value = { paymentId: paymentIdToBytes(paymentId) };
    conversation.send({ case: "showUnknown", value }, traceparent);
  }
  return report;
}

async function takeAndSubmit(
  options: PaymentRunOptions,
  { entry, conversation, till }: Underway,
): Promise<{ readonly open: OpenPayment; readonly isSubmitted: boolean }> {
  const { journal, openPayments, faults } = options;
  const { paymentId, traceparent } = entry;
  using _taking = openPayments.taking.begin(entry, till);
  await journal.write(entry);
  const readerSerial = conversation.peer.certificate.serial;
  const started = create(PaymentStartedSchema, { paymentId, readerSerial });
  till.onEvent({ case: "started", value: started });

  const taken = await take(options, { entry, conversation, till });
  if ("error" in taken) {
    return { open: await openPayments.end(entry, taken.error), isSubmitted: false };
  }
  const signed = { ...entry, ...taken };
  try {
    await journal.write(signed);
  } catch (error) {
    const value = { paymentId: paymentIdToBytes(paymentId) };
    conversation.send({ case: "cancel", value }, traceparent);
    return { open: await openPayments.end(entry, error), isSubmitted: false };
  }
  await faults.at("terminal.signed");
  const open = openPayments.settle(signed, conversation);
  await faults.at("terminal.submitted");
  return { open, isSubmitted: true };
}

/** What goes wrong before the signature is an end of the payment, not a failure of the terminal. */
async function take(
  { telemetry, certificate: terminal }: PaymentRunOptions,
  { entry, conversation, till }: Underway,
): Promise<TakenCard | { readonly error: unknown }> {
  const { paymentId } = entry;
  const span = telemetry.spanOf(entry.traceparent, "terminal.take_card", "client", { paymentId });
  const { traceparent } = span;
  try {
    const taken = await takeCard({ ...entry, traceparent }, terminal, conversation, till);
    span.end();
    return taken;
  } catch (error) {
    span.end(error instanceof PaymentError ? error.code : "INTERNAL");
    return { error };
  }
}
