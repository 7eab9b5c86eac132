import { create } from "@bufbuild/protobuf";
import { NextStep } from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type PaymentReport,
  PaymentStartedSchema,
} from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import { PaymentError } from "../payment/errors.ts";
import type { PaymentId } from "../payment/identifiers.ts";
import {
  type CheckedTerminalCertificate,
  verifyTerminalCertificate,
} from "../sealing/keys/certificates.ts";
import { KeptManifest } from "../sealing/keys/kept-manifest.ts";
import { FINISHED_MAX, Journal, type JournalEntry } from "./journal/journal.ts";
import {
  differingTerms,
  duplicateDiffers,
  type IdentifiedRequest,
  type PaymentRequest,
} from "./payment-request.ts";
import type { ReaderLink } from "./reader/reader-link.ts";
import { Readiness } from "./readiness.ts";
import { lostTime, wrongClock } from "./relay/clock-comparison.ts";
import type { ManifestFeed } from "./relay/manifest-feed.ts";
import type { RelayLink } from "./relay/relay-link.ts";
import {
  type ForgottenPayments,
  missingRelay,
  reportUnanswered,
} from "./settling/forgotten-payments.ts";
import type { OpenPayments } from "./settling/open-payments.ts";
import {
  NOTHING_KNOWN,
  reportOthers,
  reportUnknown,
  requireAccepted,
} from "./settling/payment-report.ts";
import {
  awaitAnswer,
  type PaymentRunOptions,
  refusePayment,
  runPayment,
} from "./taking/payment-run.ts";
import type { Terminal } from "./terminal.ts";
import type { TerminalOptions } from "./terminal-options.ts";
import { type TerminalState, terminalParts } from "./terminal-parts.ts";
import type { Till } from "./till/till.ts";

/** How long a payment waits for reader, relay and key manifest before it is refused. */
const READY_MS_MAX = 10_000;
/** After a clock jumped: signs of life, which tell the time, come every ten seconds. */
const TIME_SAID_MS_MAX = 15_000;
const MANIFEST_FILE = "manifest.bin";

/**
 * Connects to reader and relay, and takes up every payment that a crash left open.
 *
 * @throws PaymentError CERTIFICATE_REJECTED for a certificate that is not valid; Error when key and
 *   certificate do not belong together.
 */
export async function startTerminal(options: TerminalOptions): Promise<Terminal> {
  const { curves, roots, clock, identity, files, certificate: envelope } = options;
  const certificate = verifyTerminalCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
  if (Buffer.compare(certificate.identity.publicKey, identity.publicKey) !== 0) {
    throw new Error("the terminal's identity key is not the one in its certificate");
  }
  const manifest = await openManifest(options);
  const { finishedMax = FINISHED_MAX, log } = options;
  const journal = await Journal.open({ files, owner: certificate, finishedMax, log });
  await using stack = new AsyncDisposableStack();
  const terminal = new RunningTerminal(options, { certificate, manifest, journal }, stack);
  terminal.resume();
  return terminal;
}

/** A damaged one counts as none: the relay has the newest. The reader keeps its own. */
async function openManifest({ curves, roots, files, log }: TerminalOptions): Promise<KeptManifest> {
  const write = (bytes: Uint8Array) => files.write(MANIFEST_FILE, bytes);
  try {
    const read = () => files.read(MANIFEST_FILE);
    return await KeptManifest.open(curves, roots, { read, write });
  } catch (error) {
    log.failure("the stored key manifest is damaged; the relay is asked for it again", error);
    const read = async () => undefined;
    return KeptManifest.open(curves, roots, { read, write });
  }
}

class RunningTerminal implements Terminal {
  readonly certificate: CheckedTerminalCertificate;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #readiness: Readiness;
  readonly #reader: ReaderLink;
  readonly #relay: RelayLink;
  readonly #feed: ManifestFeed;
  readonly #openPayments: OpenPayments;
  readonly #forgotten: ForgottenPayments;
  readonly #run: PaymentRunOptions;
  readonly #stack: AsyncDisposableStack;

  /** @param stack taken over, with what to close. */
  constructor(options: TerminalOptions, state: TerminalState, stack: AsyncDisposableStack) {
    // No clock comes right by waiting; before a relay has said its time it is not sure which.
    const mayCome = ({ code }: PaymentError) => code !== "CLOCK_WRONG" || !this.#relay.isConnected;
    this.#readiness = new Readiness(() => this.#missing(), mayCome);
    const listening = { readiness: this.#readiness, onRelayChange: () => this.#relayChanged() };
    const parts = terminalParts(options, state, listening, stack);
    this.certificate = parts.certificate;
    this.#clock = options.clock;
    this.#journal = parts.journal;
    this.#reader = parts.reader;
    this.#relay = parts.relay;
    this.#feed = parts.feed;
    this.#openPayments = parts.openPayments;
    this.#forgotten = parts.forgotten;
    this.#run = parts.run;
    this.#stack = stack.move();
  }

  get readerSerial(): string | undefined {
    return this.#reader.peer?.certificate.serial;
  }

  get isRelayConnected(): boolean {
    return this.#relay.isConnected;
  }

  resume(): void {
    this.#openPayments.resume();
  }

  async pay(request: PaymentRequest, till: Till): Promise<PaymentReport> {
    const known = this.#knownEntry(request);
    if (known !== undefined) return this.#payAgain(known, request, till);
    const { paymentId } = request;
    const others = paymentId && this.#journal.findOthers(paymentId);
    if (others !== undefined) return reportOthers(others);
    if (paymentId !== undefined) {
      const report = await this.#payForgotten({ ...request, paymentId }, till);
      if (report !== undefined) return report;
    }
    const missing = await this.#missingStill();
    // Looked up again: the same request may have come twice at once.
    const entry = this.#knownEntry(request);
    if (entry !== undefined) return this.#payAgain(entry, request, till);
    // Nothing may come between this look at the reader and the beginning of the payment.
    const obstacle = missing ?? this.#reader.obstacle;
    if (obstacle === undefined) return runPayment(this.#run, request, till);
    if (paymentId === undefined) throw obstacle;
    // Where this id was before, nobody here knows: only the processor can say that it is nowhere.
    return refusePayment(this.#run, { ...request, paymentId }, obstacle);
  }

  /** What is missing for a payment after it was waited for. */
  async #missingStill(): Promise<PaymentError | undefined> {
    // It may have run out in a moment, when a clock jumped.
    if (this.#feed.missing !== undefined) void this.#feed.renew();
    try {
      const isTimeLost = this.#relay.isTimeLost || this.#reader.peer?.clock.isLost === true;
      await this.#readiness.wait(this.#clock, isTimeLost ? TIME_SAID_MS_MAX : READY_MS_MAX);
    } catch (error) {
      if (error instanceof PaymentError) return error;
      throw error;
    }
    return undefined;
  }

  async getPayment(paymentId: PaymentId): Promise<PaymentReport> {
    const known = this.reportOf(paymentId);
    return known ?? (await this.#forgotten.find(paymentId));
  }

  reportOf(paymentId: PaymentId): PaymentReport | undefined {
    const others = this.#journal.findOthers(paymentId);
    if (others !== undefined) return reportOthers(others);
    const open = this.#openPayments.find(paymentId);
    const entry = this.#entryOf(paymentId);
    return entry && (entry.report ?? reportUnknown(entry, open?.known ?? NOTHING_KNOWN));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  #knownEntry({ paymentId }: PaymentRequest): JournalEntry | undefined {
    return paymentId === undefined ? undefined : this.#entryOf(paymentId);
  }

  #entryOf(paymentId: PaymentId): JournalEntry | undefined {
    const open = this.#openPayments.find(paymentId)?.entry;
    return open ?? this.#openPayments.taking.find(paymentId) ?? this.#journal.find(paymentId);
  }

  /**
   * An id of the till's that the journal does not know, before the reader hears of it.
   *
   * @returns undefined when the relay does not know it either: a new payment.
   */
  async #payForgotten(request: IdentifiedRequest, till: Till): Promise<PaymentReport | undefined> {
    const { paymentId } = request;
    const record = await this.#forgotten.ask(paymentId);
    const known = this.#knownEntry(request);
    if (known !== undefined) return this.#payAgain(known, request, till);
    if (record === undefined) return undefined;
    if (!(record instanceof PaymentError)) {
      const entry = this.#forgotten.takeUp(record, request);
      if (entry === undefined) return this.#forgotten.refuse(record, request);
      return this.#payAgain(entry, request, till);
    }
    if (record.row.nextStep === NextStep.RETRY_SAME_ID) return reportUnanswered(paymentId, record);
    return await refusePayment(this.#run, request, record);
  }

  /** The same id again: whatever became of it, it is not charged a second time. */
  async #payAgain(
    entry: JournalEntry,
    request: PaymentRequest,
    till: Till,
  ): Promise<PaymentReport> {
    const { paymentId } = entry;
    const different = differingTerms(entry.request, request);
    if (different.length > 0) throw duplicateDiffers(different);
    const seated = this.#openPayments.taking.takeSeat(paymentId, till);
    if (seated !== undefined) return seated;
    const carried = this.#openPayments.find(paymentId);
    const open =
      entry.report === undefined ? (carried ?? this.#openPayments.takeUp(entry)) : carried;
    const readerSerial = this.readerSerial ?? "";
    const started = create(PaymentStartedSchema, { paymentId, readerSerial, resumed: true });
    till.onEvent({ case: "started", value: started });
    const report =
      open === undefined ? this.getPayment(paymentId) : awaitAnswer(this.#run, open, till);
    return requireAccepted(await report, request);
  }

  #missing(): PaymentError | undefined {
    // First: a clock that is far off is why certificates and keys seem not to be valid.
    const clockWrong = this.#wrongClock();
    if (clockWrong !== undefined) return clockWrong;
    if (this.#relay.isTimeLost) return lostTime("relay");
    if (this.#reader.peer?.clock.isLost) return lostTime("reader");
    if (this.#reader.peer === undefined) {
      return new PaymentError("READER_BUSY", "no reader is connected");
    }
    const noRelay = missingRelay(this.#relay);
    if (noRelay !== undefined) return noRelay;
    return this.#feed.missing;
  }

  #wrongClock(): PaymentError | undefined {
    // By a time that is lost no clock is wrong; by the right one, another may be.
    if (this.#relay.isTimeLost) return undefined;
    return wrongClock({
      relayMs: this.#relay.timeMs,
      terminalMs: this.#clock.nowMs(),
      readerMs: this.#reader.peer?.clock.nowMs,
    });
  }

  #relayChanged(): void {
    this.#readiness.changed();
    this.#forgotten.relayChanged();
    if (!this.#relay.isConnected) return;
    this.#openPayments.relayIsBack();
    void this.#feed.renew();
  }
}
