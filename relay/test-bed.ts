import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import pg from "pg";
import type { SignedPayment } from "../gen/cardlane/payment/v1/payment_pb.ts";
import {
  type Completed,
  DeviceState,
  type Recorded,
  type Refused,
  RelayRegistryService,
  RelayService,
  type TransactRequest,
  TransactRequestSchema,
  type TransactResponse,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { Health } from "../gen/health/v1/health_pb.ts";
import { type Clock, systemClock } from "../mesh/clock.ts";
import { dial, type MeshChannel } from "../mesh/dial.ts";
import type { StreamEnd } from "../mesh/frame-stream.ts";
import type { Identity } from "../mesh/identity.ts";
import type { LiveStream } from "../mesh/live-stream.ts";
import { silentLog } from "../mesh/log.ts";
import { liveStream } from "../mesh/stream-life.ts";
import { noTelemetry } from "../mesh/telemetry.ts";
import { type PaymentId, paymentIdToBytes, type RelayId } from "../payment/identifiers.ts";
import { nodeCurves as curves } from "../sealing/node-curves.ts";
import { seededRandom } from "../sealing/seeded-random.ts";
import { TestKeys } from "../test/fixtures/keys.ts";
import { PaymentSigner } from "../test/fixtures/reader-payment.ts";
import { freshDatabase, type TestDatabase } from "../test/setup/database.ts";
import { FakeProcessor } from "./fake-processor.ts";
import { dialProcessor } from "./processor-link.ts";
import { type RunningRelay, startRelay } from "./relay.ts";
import { openRelayStore, type RelayStore } from "./relay-store.ts";

/** The system's clock, which a test can put forward: what is due in a minute is due now. */
export class ForwardClock implements Clock {
  #aheadMs = 0;

  nowMs = (): number => systemClock.nowMs() + this.#aheadMs;
  monotonicMs = (): number => systemClock.monotonicMs() + this.#aheadMs;
  sleep = systemClock.sleep;
  timer = systemClock.timer;

  putForward(durationMs: number): void {
    this.#aheadMs += durationMs;
  }
}

export interface TestRelayOptions {
  readonly instance?: string;
  readonly deadlineMs?: number;
  readonly flightsMax?: number;
  /** Mutual TLS on the terminals' side; the processor is reached in plaintext in any case. */
  readonly identity?: Identity;
  /** Who calls `calls` and `registry` then. */
  readonly operator?: Identity;
  /** Two relays with the same one draw the same record numbers. */
  readonly randomSeed?: string;
}

/** A relay on a real database, between a real socket to a fake processor and real terminals. */
export class TestBed implements AsyncDisposable {
  readonly clock = new ForwardClock();
  readonly keys = new TestKeys({ nowMs: systemClock.nowMs() });
  readonly signer = new PaymentSigner({ keys: this.keys, nowMs: () => this.clock.nowMs() });
  readonly processor = new FakeProcessor(this.keys, systemClock);
  readonly #stack = new AsyncDisposableStack();
  #database: TestDatabase | undefined;
  #relays = 0;

  /** With the development reader and terminal registered, and EUR allowed. */
  static async start(): Promise<TestBed> {
    const bed = new TestBed();
    bed.#stack.use(bed.keys);
    bed.#database = bed.#stack.use(await freshDatabase("relay"));
    bed.#stack.use(bed.processor);
    await bed.processor.start();
    return bed;
  }

  get databaseUrl(): string {
    return this.#database?.url ?? "";
  }

  async startRelay(options: TestRelayOptions = {}): Promise<TestRelay> {
    this.#relays += 1;
    const { instance = "A1" } = options;
    const store = openRelayStore(this.databaseUrl, instance);
    const link = dialProcessor({
      target: this.processor.address,
      identity: undefined,
      trustDomain: "cardlane.test",
      clock: systemClock,
      telemetry: noTelemetry,
    });
    const running = await startRelay({
      relayId: this.keys.relay.relayId as RelayId,
      program: "relay/test",
      instance,
      keys: {
        hop: this.keys.relay.hop,
        signing: this.keys.relay.signing,
        roots: this.keys.trustedRoots,
      },
      store,
      processors: [link],
      listen: "127.0.0.1:0",
      identity: options.identity,
      trustDomain: "cardlane.test",
      deadlineMs: options.deadlineMs,
      flightsMax: options.flightsMax,
      curves,
      clock: this.clock,
      random: seededRandom(options.randomSeed ?? `relay ${this.#relays}`),
      jitter: () => 0.5,
      log: silentLog,
      telemetry: noTelemetry,
    });
    const relay = new TestRelay(running, store, link, options.operator);
    this.#stack.use(relay);
    return relay;
  }

  /** The development reader and terminal. */
  async register(relay: TestRelay): Promise<void> {
    const { reader, terminal } = this.keys;
    const { merchantId } = terminal;
    const state = DeviceState.ACTIVE;
    const readers = [{ certificate: reader.certificate, merchantId, state }];
    const terminals = [{ certificate: terminal.certificate, state, currencies: [978] }];
    await relay.registry.registerReaders({ readers });
    await relay.registry.registerTerminals({ terminals });
  }

  /** For looking at what is really there. */
  async query(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<readonly pg.QueryResultRow[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    await client.connect();
    try {
      return (await client.query(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** One relay instance, its clients, and a terminal's stream to it. */
export class TestRelay implements AsyncDisposable {
  readonly calls: Client<typeof RelayService>;
  readonly health: Client<typeof Health>;
  readonly registry: Client<typeof RelayRegistryService>;
  readonly #running: RunningRelay;
  readonly #store: RelayStore;
  readonly #link: Disposable;
  readonly #channel: MeshChannel;
  #isStopped = false;

  constructor(
    running: RunningRelay,
    store: RelayStore,
    link: Disposable,
    operator: Identity | undefined,
  ) {
    this.#running = running;
    this.#store = store;
    this.#link = link;
    this.#channel = this.connect(operator);
    this.calls = this.#channel.client(RelayService);
    this.health = this.#channel.client(Health);
    this.registry = this.#channel.client(RelayRegistryService);
  }

  openTerminal(): TestTerminal {
    return new TestTerminal(this.#channel);
  }

  /** The same relay as somebody with a TLS identity sees it. */
  connect(identity: Identity | undefined): MeshChannel {
    return dial({
      targets: [this.#running.address],
      services: [RelayService, RelayRegistryService],
      clock: systemClock,
      identity,
      serverIdentity: "spiffe://cardlane.test/relay/A1",
    });
  }

  /** Ends the instance without letting it finish anything. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#channel[Symbol.dispose]();
    await this.#running[Symbol.asyncDispose]();
    this.#link[Symbol.dispose]();
    await this.#store[Symbol.asyncDispose]();
  }
}

/** A terminal's stream that keeps what it gets. */
export class TestTerminal {
  readonly recorded: Recorded[] = [];
  readonly completed: Completed[] = [];
  readonly refused: Refused[] = [];
  end: StreamEnd | undefined;
  readonly #live: LiveStream<TransactRequest, TransactResponse>;
  #waiters: (() => void)[] = [];

  constructor(channel: MeshChannel) {
    this.#live = liveStream(channel.openStream(RelayService.method.transact), {
      role: "client",
      schema: TransactRequestSchema,
      program: "terminal/test",
      instance: "test",
      clock: systemClock,
      jitter: () => 0.5,
    });
    this.#live.onFrame(({ frame }) => {
      if (frame.case === "recorded") this.recorded.push(frame.value);
      if (frame.case === "completed") this.completed.push(frame.value);
      if (frame.case === "refused") this.refused.push(frame.value);
      this.#wake();
    });
    this.#live.onEnd((end) => {
      this.end = end;
      this.#wake();
    });
  }

  submit(payment: SignedPayment, traceparent = ""): void {
    const frame = { case: "submit", value: { payment, traceparent } } as const;
    this.#live.send(create(TransactRequestSchema, { frame }));
  }

  /** A frame that is not a payment. */
  sendEmpty(): void {
    this.#live.send(create(TransactRequestSchema, {}));
  }

  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** The first Completed of that payment with that state, when it has come. */
  async completedAs(paymentId: PaymentId, state: number): Promise<Completed> {
    const find = () => this.completed.find((one) => one.state === state && isOf(one, paymentId));
    await this.until(() => find() !== undefined);
    return find() ?? this.completedAs(paymentId, state);
  }

  async recordedOf(paymentId: PaymentId): Promise<Recorded> {
    const find = () => this.recorded.find((one) => isOf(one, paymentId));
    await this.until(() => find() !== undefined);
    return find() ?? this.recordedOf(paymentId);
  }

  async refusedOf(paymentId: PaymentId): Promise<Refused> {
    const find = () => this.refused.find((one) => isOf(one, paymentId));
    await this.until(() => find() !== undefined);
    return find() ?? this.refusedOf(paymentId);
  }

  close(): void {
    this.#live.close();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

function isOf(frame: { readonly paymentId: Uint8Array }, paymentId: PaymentId): boolean {
  return Buffer.compare(frame.paymentId, paymentIdToBytes(paymentId)) === 0;
}
