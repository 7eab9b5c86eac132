import type { Clock } from "../mesh/clock.ts";
import { type Faults, noFaults } from "../mesh/faults.ts";
import { FollowedClock } from "../mesh/followed-clock.ts";
import { type Rate, RateLimits } from "../mesh/limits/rate-limits.ts";
import type { Log } from "../mesh/log.ts";
import type { MeshService } from "../mesh/service.ts";
import type { Telemetry } from "../mesh/tracing/telemetry.ts";
import type { RelayId } from "../payment/identifiers.ts";
import { errorOfFault } from "../payment/payment-fault.ts";
import type { Agreement, Curves, Signer } from "../sealing/curves/curves.ts";
import type { TrustedRoots } from "../sealing/keys/trusted-roots.ts";
import type { Random } from "../sealing/random.ts";
import { Answers } from "./answers/answers.ts";
import { Completer } from "./answers/completer.ts";
import { INSTITUTIONS, type Institutions } from "./forwarding/flight.ts";
import { FLIGHTS_MAX, Forwarder } from "./forwarding/forwarder.ts";
import { ManifestKeeper } from "./forwarding/manifest-keeper.ts";
import { ProcessorLanes, type ProcessorLink } from "./forwarding/processor-lanes.ts";
import { Intake } from "./intake/intake.ts";
import { Recorder } from "./intake/recorder.ts";
import { SubmissionCheck } from "./intake/submission.ts";
import { PAYMENT_RATE } from "./intake/terminal-stream.ts";
import { notificationService } from "./notifications/notification-service.ts";
import { oversightService } from "./oversight/oversight-service.ts";
import { PaymentQueries } from "./queries/payment-queries.ts";
import { PaymentWatch } from "./queries/payment-watch.ts";
import { Waiting } from "./records/waiting.ts";
import { Cancellation } from "./recovery/cancellation.ts";
import { Resumer } from "./recovery/resumer.ts";
import { Reversals } from "./recovery/reversals.ts";
import { Sweep } from "./recovery/sweep.ts";
import { Registry } from "./registry/registry.ts";
import { registryService } from "./registry/registry-service.ts";
import { relayService } from "./relay-service.ts";
import type { RelayStore } from "./relay-store.ts";
import { webhookService } from "./webhooks/webhook-service.ts";

/** From Recorded until the relay gives up and reverses. */
export const DEADLINE_MS = 25_000;

export interface RelayCoreOptions {
  readonly relayId: RelayId;
  /** "relay/0.1.0" */
  readonly program: string;
  /** Unique among the relays of one database; a relay that starts again keeps its own. */
  readonly instance: string;
  readonly keys: RelayKeys;
  readonly store: RelayStore;
  readonly processors: readonly ProcessorLink[];
  readonly curves: Curves;
  readonly clock: Clock;
  readonly random: Random;
  /** From 0 up to 1. */
  readonly jitter: () => number;
  readonly log: Log;
  readonly telemetry: Telemetry;
  readonly deadlineMs?: number | undefined;
  readonly flightsMax?: number | undefined;
  readonly institutions?: Institutions | undefined;
  /** Payments of each terminal that has a TLS identity. */
  readonly paymentRate?: Rate | undefined;
  /** Ids without a record that each TLS identity may cancel. */
  readonly tombstoneRate?: Rate | undefined;
  readonly faults?: Faults | undefined;
}

export interface RelayKeys {
  readonly hop: Agreement;
  readonly signing: Signer;
  readonly roots: TrustedRoots;
}

/** Whether the relay can do its work; "database" and "processor" are what it depends on. */
export interface RelayHealth {
  readonly isDatabaseReached: boolean;
  readonly isProcessorReached: boolean;
}

/** A relay without its server: everything that decides, for real or simulated surroundings. */
export class RelayCore implements AsyncDisposable {
  readonly services: readonly MeshService[];
  readonly #options: RelayCoreOptions;
  readonly #faults: Faults;
  readonly #clock: FollowedClock;
  readonly #stopping = new AbortController();
  readonly #waiting = new Waiting();
  readonly #registry: Registry;
  readonly #manifest: ManifestKeeper;
  readonly #lanes: ProcessorLanes;
  readonly #forwarder: Forwarder;
  readonly #reversals: Reversals;
  readonly #completer: Completer;
  readonly #answers: Answers;
  readonly #resumer: Resumer;
  readonly #recorder: Recorder;
  readonly #sweep: Sweep;
  #onHealth: (health: RelayHealth) => void = () => undefined;
  #lastRequestNumber = 0n;
  #isDatabaseReached = true;

  constructor(given: RelayCoreOptions) {
    const clock = new FollowedClock(given.clock, () => given.store.nowMs());
    const options = { ...given, clock };
    this.#clock = clock;
    this.#options = options;
    this.#faults = options.faults ?? noFaults;
    const { keys, store } = options;
    const { roots } = keys;
    this.#registry = new Registry({ ...options, roots, store: store.registry });
    this.#manifest = this.#makeManifest();
    this.#lanes = this.#makeLanes();
    this.#forwarder = new Forwarder({
      ...options,
      lanes: this.#lanes,
      store: store.records,
      institutions: options.institutions ?? INSTITUTIONS,
      flightsMax: options.flightsMax ?? FLIGHTS_MAX,
    });
    this.#reversals = this.#makeReversals();
    this.#completer = this.#makeCompleter();
    this.#answers = this.#makeAnswers();
    const nextRequestNumber = () => this.#nextRequestNumber();
    const faults = this.#faults;
    const parts = { ...options, faults, forwarder: this.#forwarder, nextRequestNumber };
    this.#resumer = new Resumer({ ...parts, registry: this.#registry });
    this.#recorder = new Recorder({
      ...parts,
      store: store.records,
      lanes: this.#lanes,
      leaseOwner: options.instance,
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    });
    this.#sweep = this.#makeSweep();
    const registryParts = { ...options, roots, contacts: store.contacts, registry: this.#registry };
    this.services = [
      this.#relayService(),
      registryService({ ...registryParts, store: store.registry }),
      this.#notificationService(),
      webhookService({ ...options, store: store.webhooks }),
      oversightService(store.oversight),
    ];
  }

  /** Before anything is judged by it. Until there is a database it is the machine's. */
  async setClock(): Promise<void> {
    await this.#clock.look().catch(() => undefined); // The sweep says what the database lacks.
  }

  /**
   * Fetches the manifest, connects to the processors, and goes on with what was left open.
   *
   * @param onHealth is told whenever it may have changed.
   */
  start(onHealth: (health: RelayHealth) => void): void {
    this.#onHealth = onHealth;
    this.#clock.follow();
    void this.#manifest.refresh();
    this.#lanes.open();
    this.#sweep.start();
  }

  /** What is being written is written; what is on its way is found again by the next run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#clock[Symbol.dispose]();
    this.#manifest[Symbol.dispose]();
    await this.#sweep[Symbol.asyncDispose]();
    await this.#recorder.idle();
    await this.#lanes[Symbol.asyncDispose]();
    await this.#completer.idle();
  }

  #makeManifest(): ManifestKeeper {
    return new ManifestKeeper({
      ...this.#options,
      links: this.#options.processors,
      roots: this.#options.keys.roots,
      onChange: () => this.#processorReached(),
    });
  }

  #makeLanes(): ProcessorLanes {
    return new ProcessorLanes({
      ...this.#options,
      links: this.#options.processors,
      hop: this.#options.keys.hop,
      manifest: () => this.#manifest.current,
      onAnswers: (box) => {
        this.#faults.deliver("relay.answer", () => this.#answers.receive(box));
      },
      onBoxRefused: (box, fault) => {
        // Most likely a key was rotated out.
        void this.#manifest.refresh();
        this.#forwarder.boxRefused(box, errorOfFault(fault));
      },
      onUp: () => this.#processorReached(),
      onWritable: () => this.#forwarder.flush(),
      onOver: (lane, stream) => {
        this.#forwarder.streamOver(lane, stream);
        this.#tellHealth();
      },
    });
  }

  #makeReversals(): Reversals {
    return new Reversals({
      ...this.#options,
      store: this.#options.store.recovery,
      lanes: this.#lanes,
      signing: this.#options.keys.signing,
      nextRequestNumber: () => this.#nextRequestNumber(),
      onBegun: (outcome) => this.#waiting.tell(outcome),
    });
  }

  #makeCompleter(): Completer {
    return new Completer({
      ...this.#options,
      faults: this.#faults,
      store: this.#options.store.records,
      lanes: this.#lanes,
      stopping: this.#stopping.signal,
      onCompleted: (outcome) => this.#waiting.tell(outcome),
    });
  }

  #makeAnswers(): Answers {
    return new Answers({
      ...this.#options,
      forwarder: this.#forwarder,
      reversals: this.#reversals,
      completer: this.#completer,
      manifest: () => this.#manifest.current,
      onManifestStale: () => void this.#manifest.refresh(),
    });
  }

  #makeSweep(): Sweep {
    return new Sweep({
      ...this.#options,
      recovery: this.#options.store.recovery,
      records: this.#options.store.records,
      forwarder: this.#forwarder,
      reversals: this.#reversals,
      resumer: this.#resumer,
      waiting: this.#waiting,
      onDatabase: (isReached) => {
        this.#isDatabaseReached = isReached;
        this.#tellHealth();
      },
    });
  }

  #relayService(): MeshService {
    const { store, clock } = this.#options;
    const { queries, events, records, recovery } = store;
    const shared = { ...this.#options, faults: this.#faults, forwarder: this.#forwarder };
    const check = new SubmissionCheck(this.#registry, () => this.#manifest.current);
    const intake = { ...shared, check, recorder: this.#recorder, resumer: this.#resumer };
    const watch = { queries, events, clock, stopping: this.#stopping.signal };
    const { checkToUndo } = check;
    const undoing = { checkToUndo, records, recovery, reversals: this.#reversals };
    return relayService({
      ...shared,
      intake: new Intake(intake),
      waiting: this.#waiting,
      paymentRates: new RateLimits(this.#options.paymentRate ?? PAYMENT_RATE, clock),
      registry: this.#registry,
      queries: new PaymentQueries(queries, events),
      watch: new PaymentWatch(watch),
      cancellation: new Cancellation({ ...shared, ...undoing }),
      manifest: this.#manifest,
    });
  }

  #notificationService(): MeshService {
    const { store, clock } = this.#options;
    const queries = new PaymentQueries(store.queries, store.events);
    const registry = this.#registry;
    return notificationService({ store: store.notifications, queries, registry, clock });
  }

  #processorReached(): void {
    this.#forwarder.flush();
    this.#sweep.processorReached();
    this.#tellHealth();
  }

  #tellHealth(): void {
    this.#onHealth({
      isDatabaseReached: this.#isDatabaseReached,
      isProcessorReached: this.#lanes.isOpen,
    });
  }

  #nextRequestNumber(): bigint {
    this.#lastRequestNumber += 1n;
    return this.#lastRequestNumber;
  }
}
