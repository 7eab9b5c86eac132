import { create } from "@bufbuild/protobuf";
import { Certainty, PaymentKind, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  PaymentRecordedSchema,
  type PaymentReport,
  PaymentStartedSchema,
  PaymentSubmittedSchema,
} from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import type { Faults } from "../mesh/faults.ts";
import type { Telemetry } from "../mesh/telemetry.ts";
import { enumName } from "../payment/enum-name.ts";
import { PaymentError } from "../payment/errors.ts";
import { newPaymentId, paymentIdToBytes } from "../payment/identifiers.ts";
import type { CheckedTerminalCertificate } from "../sealing/certificates.ts";
import type { Random } from "../sealing/random.ts";
import { type TakenCard, takeCard } from "./card-taking.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { OpenPayment, OpenPayments } from "./open-payments.ts";
import { reportNothingDone, reportUnknown } from "./payment-report.ts";
import type { PaymentRequest } from "./payment-request.ts";
import type { ReaderConversation, ReaderLink } from "./reader-link.ts";
import type { Till } from "./till.ts";

export interface PaymentRunOptions {
  readonly journal: Journal;
  readonly reader: ReaderLink;
  readonly openPayments: OpenPayments;
  readonly certificate: CheckedTerminalCertificate;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** How long a till waits for the answer before it hears UNKNOWN, in milliseconds. */
  readonly answerMsMax: number;
  readonly faults?: Faults | undefined;
}

/**
 * One new payment, from the till's request to its end, or to "unknown" when the answer does not
 * come in time. The id is in the journal before the reader hears of it, the signed bytes before
 * they are submitted.
 *
 * @throws PaymentError READER_BUSY before anything was begun; afterwards every end is a report.
 */
export async function runPayment(
  options: PaymentRunOptions,
  request: PaymentRequest,
  till: Till,
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

/** Waits for the end of a payment that was submitted, as long as a till waits. */
export async function awaitAnswer(
  options: Pick<PaymentRunOptions, "clock" | "telemetry" | "answerMsMax">,
  waiting: { readonly entry: JournalEntry; readonly open: OpenPayment; readonly till: Till },
): Promise<PaymentReport> {
  const { clock, telemetry, answerMsMax } = options;
  const { entry, open, till } = waiting;
  const { paymentId, traceparent } = entry;
  const span = telemetry.spanOf(traceparent, "terminal.submit", "internal", { paymentId });
  using _recorded = open.onRecorded((recordNumber) => {
    span.set({ recordNumber });
    const value = create(PaymentRecordedSchema, { recordNumber });
    till.onEvent({ case: "recorded", value });
  });
  const late = Promise.withResolvers<undefined>();
  using _timer = clock.timer(answerMsMax, () => late.resolve(undefined));
  const report = await Promise.race([open.finished, late.promise]);
  span.end(report === undefined ? "DEADLINE_EXCEEDED" : undefined);
  return report ?? reportUnknown(entry, open.known);
}

interface Underway {
  readonly entry: JournalEntry;
  readonly conversation: ReaderConversation;
  readonly till: Till;
}

async function takeAndSettle(
  options: PaymentRunOptions,
  underway: Underway,
): Promise<PaymentReport> {
  const { conversation, till } = underway;
  const { paymentId, traceparent } = underway.entry;
  const submitted = await takeAndSubmit(options, underway);
  if ("report" in submitted) return submitted.report;
  till.onEvent({ case: "submitted", value: create(PaymentSubmittedSchema, { paymentId }) });
  const { entry, open } = submitted;
  const report = await awaitAnswer(options, { entry, open, till });
  if (report.certainty === Certainty.UNKNOWN) {
    open.release();
    const value = { paymentId: paymentIdToBytes(paymentId) };
    conversation.send({ case: "showUnknown", value }, traceparent);
  }
  return report;
}

/** @returns the report of a payment that ended before anything was submitted. */
async function takeAndSubmit(
  options: PaymentRunOptions,
  { entry, conversation, till }: Underway,
): Promise<
  { readonly entry: JournalEntry; readonly open: OpenPayment } | { readonly report: PaymentReport }
> {
  const { journal, openPayments, faults } = options;
  const { paymentId, traceparent } = entry;
  using _taking = openPayments.beginTaking(paymentId);
  await journal.write(entry);
  const readerSerial = conversation.peer.certificate.serial;
  const started = create(PaymentStartedSchema, { paymentId, readerSerial });
  till.onEvent({ case: "started", value: started });

  const taken = await take(options, { entry, conversation, till });
  if ("error" in taken) return await endUnsubmitted(journal, entry, taken.error);
  const signed = { ...entry, ...taken };
  try {
    await journal.write(signed);
  } catch (error) {
    const value = { paymentId: paymentIdToBytes(paymentId) };
    conversation.send({ case: "cancel", value }, traceparent);
    return await endUnsubmitted(journal, entry, error);
  }
  await faults?.at("terminal.signed");
  const open = openPayments.settle(signed, conversation);
  await faults?.at("terminal.submitted");
  return { entry: signed, open };
}

/** The bytes never left the terminal, and with this entry in the journal they never will. */
async function endUnsubmitted(
  journal: Journal,
  entry: JournalEntry,
  error: unknown,
): Promise<{ readonly report: PaymentReport }> {
  const report = reportNothingDone(entry, error);
  await journal.finish(entry, report);
  return { report };
}

/** What goes wrong before the signature is an end of the payment, not a failure of the terminal. */
async function take(
  { telemetry, certificate: terminal }: PaymentRunOptions,
  { entry, conversation, till }: Underway,
): Promise<TakenCard | { readonly error: unknown }> {
  const { paymentId, request } = entry;
  const span = telemetry.spanOf(entry.traceparent, "terminal.take_card", "client", { paymentId });
  const { traceparent } = span;
  try {
    const options = { conversation, terminal, paymentId, request, traceparent, till };
    const taken = await takeCard(options);
    span.end();
    return taken;
  } catch (error) {
    span.end(error instanceof PaymentError ? error.code : "INTERNAL");
    return { error };
  }
}
