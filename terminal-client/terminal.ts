import { create } from "@bufbuild/protobuf";
import type { SignedEnvelope } from "../gen/cardlane/keys/v1/keys_pb.ts";
import type { PaymentReport } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { PaymentStartedSchema } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import type { Clock } from "../mesh/clock.ts";
import type { DurableFiles } from "../mesh/durable-files.ts";
import type { Faults } from "../mesh/faults.ts";
import type { Log } from "../mesh/log.ts";
import type { Telemetry } from "../mesh/telemetry.ts";
import { PaymentError } from "../payment/errors.ts";
import type { PaymentId } from "../payment/identifiers.ts";
import {
  type CheckedTerminalCertificate,
  verifyTerminalCertificate,
} from "../sealing/certificates.ts";
import type { Curves, Signer } from "../sealing/curves.ts";
import { KeptManifest } from "../sealing/kept-manifest.ts";
import type { Random } from "../sealing/random.ts";
import type { TrustedRoots } from "../sealing/trusted-roots.ts";
import { wrongClock } from "./clock-comparison.ts";
import { Journal, type JournalEntry } from "./journal.ts";
import { ManifestFeed } from "./manifest-feed.ts";
import { OpenPayments } from "./open-payments.ts";
import { NOTHING_KNOWN, reportUnknown } from "./payment-report.ts";
import { isSameRequest, type PaymentRequest } from "./payment-request.ts";
import { awaitAnswer, type PaymentRunOptions, runPayment } from "./payment-run.ts";
import { ReaderLink, type ReaderLinkOptions } from "./reader-link.ts";
import { Readiness } from "./readiness.ts";
import { RelayLink, type RelayLinkOptions } from "./relay-link.ts";
import type { Till } from "./till.ts";

/** How long a payment waits for reader, relay and key manifest before it is refused. */
const READY_MS_MAX = 10_000;
/** How long a till waits for the answer before it hears UNKNOWN. */
const ANSWER_MS_MAX = 30_000;
const MANIFEST_FILE = "manifest.bin";

export interface TerminalOptions {
  /** Says which terminal of which merchant this is; and the key that proves it to readers. */
  readonly certificate: SignedEnvelope;
  readonly identity: Signer;
  readonly roots: TrustedRoots;
  /** Journal and manifest. One terminal per directory. */
  readonly files: DurableFiles;
  /** `() => channel.openStream(ReaderService.method.session)` */
  readonly openReaderStream: ReaderLinkOptions["open"];
  /** `() => channel.openStream(RelayService.method.transact)` */
  readonly openRelayStream: RelayLinkOptions["open"];
  /** `channel.client(RelayService)` of the same relay. */
  readonly relayCalls: RelayLinkOptions["calls"];
  /** Name of this program among others, for the relay's logs: "terminal-1". */
  readonly instance: string;
  readonly curves: Curves;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** How long a till waits before it hears UNKNOWN, in milliseconds; 30,000 when left out. */
  readonly answerMsMax?: number;
  readonly faults?: Faults | undefined;
}

/**
 * A terminal: the reader in the customer's hand on one side, the relay on the other, and a till
 * that asks for payments.
 *
 *     await using terminal = await startTerminal(options);
 *     const report = await terminal.pay(saleOf(1250n, EUR), {
 *       onEvent: (event) => console.log(event.case),
 *       confirm: async (card) => ({ kind: "pin", pin: Pin.parse("1234") }),
 *       cancelled: new AbortController().signal,
 *     });
 *     if (report.certainty === Certainty.FINAL && report.state === PaymentState.APPROVED) …
 *
 * `report.certainty` comes first: UNKNOWN is neither a yes nor a no. Then `report.next_step` says
 * what to do, most often to call `pay` again with the same `paymentId`, which can never charge
 * twice.
 */
export interface Terminal extends AsyncDisposable {
  readonly certificate: CheckedTerminalCertificate;
  /** Serial number of the authenticated reader; undefined while none is connected. */
  readonly readerSerial: string | undefined;
  readonly isRelayConnected: boolean;
  /**
   * One payment from prepare to result. With the id of an earlier one it charges nothing: it gives
   * that one's report, or waits for its end.
   *
   * @throws PaymentError before anything was begun: DUPLICATE_DIFFERS, READER_BUSY,
   *   UPSTREAM_NOT_REACHED without a relay, CLOCK_WRONG for the terminal's or the reader's clock,
   *   KEY_NOT_VALID without a key manifest. After that every end is a report.
   */
  pay(request: PaymentRequest, till: Till): Promise<PaymentReport>;
  /** What is known of a payment now. @throws PaymentError PAYMENT_NOT_FOUND when it is not here. */
  getPayment(paymentId: PaymentId): PaymentReport;
}

/**
 * Connects to reader and relay, and takes up every payment that a crash left open.
 *
 * @throws PaymentError CERTIFICATE_REJECTED for a certificate that is not valid; Error when key and
 *   certificate do not belong together, or the journal is damaged.
 */
export async function startTerminal(options: TerminalOptions): Promise<Terminal> {
  const { curves, roots, clock, identity, files, certificate: envelope } = options;
  const certificate = verifyTerminalCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
  if (Buffer.compare(certificate.identity.publicKey, identity.publicKey) !== 0) {
    throw new Error("the terminal's identity key is not the one in its certificate");
  }
  const file = {
    read: () => files.read(MANIFEST_FILE),
    write: (bytes: Uint8Array) => files.write(MANIFEST_FILE, bytes),
  };
  const manifest = await KeptManifest.open({ curves, roots, file });
  const journal = await Journal.open(files);
  const terminal = new RunningTerminal(options, { certificate, manifest, journal });
  await terminal.resume();
  return terminal;
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
  readonly #run: PaymentRunOptions;

  constructor(
    options: TerminalOptions,
    own: {
      readonly certificate: CheckedTerminalCertificate;
      readonly manifest: KeptManifest;
      readonly journal: Journal;
    },
  ) {
    const { clock, random, log, answerMsMax = ANSWER_MS_MAX } = options;
    const { certificate, manifest, journal } = own;
    this.certificate = certificate;
    this.#clock = clock;
    this.#journal = journal;
    this.#readiness = new Readiness(() => this.#missing());
    this.#relay = new RelayLink({
      ...options,
      open: options.openRelayStream,
      calls: options.relayCalls,
      merchantId: certificate.merchantId,
      jitter: () => (random.bytes(1)[0] ?? 0) / 256,
      onChange: () => this.#relayChanged(),
    });
    this.#reader = new ReaderLink({
      ...options,
      open: options.openReaderStream,
      envelope: options.certificate,
      certificate,
      manifest,
      onChange: this.#readiness.changed,
    });
    this.#feed = new ManifestFeed({
      relay: this.#relay,
      manifest,
      clock,
      log,
      onNewer: () => {
        this.#reader.offerManifest();
        this.#readiness.changed();
      },
    });
    const parts = { journal, reader: this.#reader, relay: this.#relay, manifest, certificate };
    const renewManifest = this.#feed.renew;
    this.#openPayments = new OpenPayments({
      ...parts,
      renewManifest,
      clock,
      log,
      faults: options.faults,
    });
    this.#run = { ...options, ...parts, openPayments: this.#openPayments, answerMsMax };
  }

  get readerSerial(): string | undefined {
    return this.#reader.peer?.certificate.serial;
  }

  get isRelayConnected(): boolean {
    return this.#relay.isConnected;
  }

  resume(): Promise<void> {
    return this.#openPayments.resume();
  }

  async pay(request: PaymentRequest, till: Till): Promise<PaymentReport> {
    if (this.#knownEntry(request) === undefined) {
      // It may have run out in a moment, when a clock jumped.
      if (!this.#feed.isValid) void this.#feed.renew();
      await this.#readiness.wait(this.#clock, READY_MS_MAX);
    }
    // Looked up again: the same request may have come twice at once.
    const entry = this.#knownEntry(request);
    if (entry !== undefined) return this.#payAgain(entry, request, till);
    return runPayment(this.#run, request, till);
  }

  getPayment(paymentId: PaymentId): PaymentReport {
    const entry = this.#journal.find(paymentId);
    if (entry === undefined) {
      throw new PaymentError("PAYMENT_NOT_FOUND", "the terminal knows no payment with this id");
    }
    const known = this.#openPayments.find(paymentId)?.known ?? NOTHING_KNOWN;
    return entry.report ?? reportUnknown(entry, known);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feed[Symbol.dispose]();
    this.#openPayments[Symbol.dispose]();
    this.#reader[Symbol.dispose]();
    await this.#relay[Symbol.asyncDispose]();
  }

  #knownEntry({ paymentId }: PaymentRequest): JournalEntry | undefined {
    return paymentId === undefined ? undefined : this.#journal.find(paymentId);
  }

  /** The same id again: whatever became of it, it is not charged a second time. */
  async #payAgain(
    entry: JournalEntry,
    request: PaymentRequest,
    till: Till,
  ): Promise<PaymentReport> {
    const { paymentId } = entry;
    if (!isSameRequest(entry.request, request)) {
      throw new PaymentError("DUPLICATE_DIFFERS", "payment_id stands for another payment here", {
        field: "payment_id",
      });
    }
    if (this.#openPayments.isTaking(paymentId)) {
      throw new PaymentError("READER_BUSY", "this payment is being taken at the reader");
    }
    const isCarried = this.#openPayments.find(paymentId) !== undefined;
    if (entry.report === undefined && !isCarried) await this.#openPayments.takeUp(entry);
    const open = this.#openPayments.find(paymentId);
    const readerSerial = this.readerSerial ?? "";
    const started = create(PaymentStartedSchema, { paymentId, readerSerial, resumed: true });
    till.onEvent({ case: "started", value: started });
    if (open === undefined) return this.getPayment(paymentId);
    return awaitAnswer(this.#run, { entry, open, till });
  }

  #missing(): PaymentError | undefined {
    // First: a clock that is far off is why certificates and keys seem not to be valid.
    const clockWrong = this.#wrongClock();
    if (clockWrong !== undefined) return clockWrong;
    if (this.#reader.peer === undefined) {
      return new PaymentError("READER_BUSY", "no reader is connected");
    }
    if (!this.#relay.isConnected) {
      return new PaymentError("UPSTREAM_NOT_REACHED", "no relay is connected");
    }
    if (this.#feed.isValid) return undefined;
    const now = new Date(this.#clock.nowMs()).toISOString();
    return new PaymentError(
      "KEY_NOT_VALID",
      `there is no key manifest that is valid now; the terminal's clock says ${now}: is it right?`,
    );
  }

  #wrongClock(): PaymentError | undefined {
    return wrongClock({
      relayMs: this.#relay.timeMs,
      terminalMs: this.#clock.nowMs(),
      readerMs: this.#reader.peer?.clock.nowMs,
    });
  }

  #relayChanged(): void {
    this.#readiness.changed();
    if (this.#relay.isConnected) void this.#feed.renew();
  }
}
