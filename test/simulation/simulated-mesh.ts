import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { PinService } from "../../gen/cardlane/pin/v1/pin_pb.ts";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { ReaderService } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { GetManifestResponseSchema, RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { type Faults, plannedFaults } from "../../mesh/faults.ts";
import { type Log, silentLog } from "../../mesh/log.ts";
import type { MeshService } from "../../mesh/service.ts";
import type { FrameStream } from "../../mesh/stream/frame-stream.ts";
import { noTelemetry } from "../../mesh/tracing/telemetry.ts";
import type { RelayId } from "../../payment/identifiers.ts";
import { LedgerDatabase } from "../../processor/database.ts";
import { openPinService } from "../../processor/pin-service/pin-service.ts";
import { openProcessor } from "../../processor/processor.ts";
import { openReader } from "../../reader-sim/reader.ts";
import type { ReaderDevice } from "../../reader-sim/reader-device.ts";
import { openRelay } from "../../relay/open-relay.ts";
import { openRelayStore } from "../../relay/relay-store.ts";
import { nodeCurves as curves } from "../../sealing/curves/node-curves.ts";
import { startTerminal } from "../../terminal-client/running-terminal.ts";
import type { Terminal } from "../../terminal-client/terminal.ts";
import type { RelayKeys } from "../fixtures/keys.ts";
import type { Lane, MeshBasis, MeshTroubles } from "./mesh-basis.ts";
import {
  PIN_SERVICE,
  PROCESSORS,
  RELAY_ELSEWHERE,
  RELAYS,
  readerName,
  terminalName,
} from "./program-names.ts";
import {
  answerUnary,
  type BidiMethod,
  callRemote,
  relayClient,
  streamHandler,
} from "./world/calls.ts";
import { Connections, DatabaseWeather } from "./world/connections.ts";
import { Disk } from "./world/disk.ts";
import { fewRecordNumbers } from "./world/few-record-numbers.ts";
import { Host, type Life } from "./world/host.ts";
import { Network } from "./world/network.ts";
import { noPrisma } from "./world/prisma-stand-in.ts";
import { RelayChains } from "./world/relay-chains.ts";
import type { SqlEngine } from "./world/sql-engine.ts";
import type { World } from "./world/world.ts";

/** Shorter than in earnest, so that a run sees more reversals. */
const DEADLINE_MS = 6_000;
const ANSWER_MS_MAX = 9_000;
/** So small that a till's first payment is forgotten with the second one. */
const REMEMBERED_MAX = 1;
/** One more relay takes a third more time. */
const SEEDS_PER_RELAY_ELSEWHERE = 3;

/** What a program is to the others while it lives. */
interface Running {
  readonly life: Life;
  readonly services: readonly MeshService[];
  readonly terminal?: Terminal;
  readonly device?: ReaderDevice;
}

/** All programs of a mesh in this process; each can be started, killed and started again. */
export class SimulatedMesh {
  readonly world: World;
  readonly network: Network;
  readonly relayDatabase = new DatabaseWeather("database of relays");
  readonly databaseElsewhere = new DatabaseWeather("database elsewhere");
  readonly processorDatabase = new DatabaseWeather("database of processors");
  readonly hosts = new Map<string, Host>();
  /** Those of readers, terminals and the PIN service, by name. */
  readonly disks = new Map<string, Disk>();
  readonly lanes: readonly Lane[];
  readonly #chains = new RelayChains();
  readonly #basis: MeshBasis;
  readonly #troubles: MeshTroubles;
  readonly #running = new Map<string, Running>();

  constructor(world: World, basis: MeshBasis, options: MeshTroubles) {
    this.world = world;
    this.network = new Network(world);
    this.lanes = basis.lanes;
    this.#basis = basis;
    this.#troubles = options;
    const devices = basis.lanes.flatMap((_, index) => [readerName(index), terminalName(index)]);
    const elsewhere = world.seed % SEEDS_PER_RELAY_ELSEWHERE === 0 ? [RELAY_ELSEWHERE] : [];
    const names = [PIN_SERVICE, ...PROCESSORS, ...RELAYS, ...elsewhere, ...devices];
    for (const name of names) this.hosts.set(name, new Host(world, name));
    for (const name of [...devices, PIN_SERVICE]) this.disks.set(name, new Disk(world));
  }

  startAll(): void {
    for (const name of this.hosts.keys()) this.start(name);
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`bug: no program is named ${name}`);
    return host;
  }

  /** Does nothing when it runs already. Whoever starts while its database is away tries again. */
  start(name: string): void {
    const host = this.host(name);
    if (host.isAlive || host.isGone) return;
    const life = host.begin();
    this.#open(name, life).then(
      (running) => {
        if (!life.isOver) this.#running.set(name, { ...running, life });
      },
      (error: unknown) => {
        host.crash(`cannot start: ${String(error)}`);
        this.world.timeline.after(500, () => this.start(name));
      },
    );
  }

  find(name: string): Running | undefined {
    const running = this.#running.get(name);
    return running === undefined || running.life.isOver ? undefined : running;
  }

  /** A stream to one of `names`, whichever chance takes; that one may be dead. */
  dial<Out, In>(client: Life, names: readonly string[], method: BidiMethod): FrameStream<Out, In> {
    const running = this.#anyOf(names);
    const serve = running && streamHandler<In, Out>(running.services, method);
    return this.network.connect<Out, In>(client, running?.life, serve ?? (() => undefined));
  }

  /** One that may be dead; a name that is gone for good is in nobody's list any more. */
  #anyOf(names: readonly string[]): Running | undefined {
    const listed = names.filter((name) => !this.host(name).isGone);
    return this.find(this.world.dice.pick(listed.length === 0 ? names : listed));
  }

  #open(name: string, life: Life): Promise<Omit<Running, "life">> {
    if (name === PIN_SERVICE) return this.#openPinService(life);
    if (PROCESSORS.includes(name)) return this.#openProcessor(life);
    if (RELAYS.includes(name)) return this.#openRelay(life, this.#basis.keys.relay);
    if (name === RELAY_ELSEWHERE) return this.#openRelay(life, this.#basis.relayElsewhere);
    const index = this.lanes.findIndex(
      (_, one) => readerName(one) === name || terminalName(one) === name,
    );
    const lane = this.lanes[index];
    if (lane === undefined) throw new Error(`bug: no lane has ${name}`);
    return name === readerName(index)
      ? this.#openReader(life, lane)
      : this.#openTerminal(life, lane, index);
  }

  async #openPinService(life: Life) {
    const keys = this.#basis.keys.folder("pin-service");
    const options = { ...this.#common(life), keys, files: this.#disk(life) };
    return { services: await openPinService(options, this.#openDatabase(life)) };
  }

  async #openProcessor(life: Life) {
    const keys = this.#basis.keys.folder("processor");
    const openPinStream = () =>
      this.dial<never, never>(life, [PIN_SERVICE], PinService.method.verify);
    const options = { ...this.#common(life), keys, openPinStream, refundsADay: 1_000_000 };
    // Nothing is closed in order, here and below: a program ends by being killed.
    const parts = { database: this.#openDatabase(life), stack: new AsyncDisposableStack() };
    return await openProcessor(options, parts);
  }

  async #openRelay(life: Life, relay: RelayKeys) {
    const common = this.#common(life);
    const { relayElsewhere, engineElsewhere } = this.#basis;
    const { random, faults } = common;
    const isElsewhere = relay === relayElsewhere;
    const weather = isElsewhere ? this.databaseElsewhere : this.relayDatabase;
    const connections = this.#connections(life, weather, isElsewhere ? engineElsewhere : undefined);
    const minuteKeys = this.#chains.keysOf(relay.relayId, common);
    const options = {
      ...common,
      random: fewRecordNumbers(random),
      relayId: relay.relayId as RelayId,
      program: "relay/simulation",
      keys: { hop: relay.hop, signing: relay.signing, roots: this.#basis.keys.trustedRoots },
      store: openRelayStore(connections.asBoth(), life.host.name, { faults, minuteKeys, random }),
      processors: PROCESSORS.map((name) => this.#processorLink(life, name)),
      curves,
      jitter: life.jitter,
      deadlineMs: DEADLINE_MS,
    };
    const opened = await openRelay(options, new AsyncDisposableStack());
    opened.start(() => undefined);
    return opened;
  }

  #processorLink(life: Life, name: string) {
    return {
      name,
      openStream: () => this.dial<never, never>(life, [name], ProcessorService.method.process),
      getManifest: async (haveNumber: bigint) => {
        const answer = await this.call(life, [name], "getManifest", { haveNumber });
        return create(GetManifestResponseSchema, answer).manifest;
      },
    };
  }

  async #openReader(life: Life, { reader }: Lane) {
    const { identity, signing, certificate } = reader;
    return await openReader({
      ...this.#common(life),
      certificate,
      identity,
      signing,
      dukptInitialKey: () => new Uint8Array(reader.dukptInitialKey),
      roots: this.#basis.keys.trustedRoots,
      files: this.#disk(life),
      takenIdsMax: REMEMBERED_MAX,
      curves,
      isControlled: true,
    });
  }

  async #openTerminal(life: Life, { terminal: own }: Lane, index: number) {
    const { certificate, identity } = own;
    const terminal = await startTerminal({
      ...this.#common(life),
      certificate,
      identity,
      roots: this.#basis.keys.trustedRoots,
      files: this.#disk(life),
      openReaderStream: () =>
        this.dial<never, never>(life, [readerName(index)], ReaderService.method.session),
      openRelayStream: () => this.dial<never, never>(life, RELAYS, RelayService.method.transact),
      relayCalls: this.relayCalls(life),
      curves,
      answerMsMax: ANSWER_MS_MAX,
      finishedMax: REMEMBERED_MAX,
    });
    return { services: [], terminal };
  }

  /** What a terminal asks relays for; each question goes to whichever chance takes. */
  relayCalls(life: Life, relays = RELAYS): Client<typeof RelayService> {
    return relayClient((name, request) => this.call(life, relays, name, request));
  }

  /** Asks one of `names`, whichever chance takes. */
  call(life: Life, names: readonly string[], method: string, request: object): Promise<object> {
    const running = this.#anyOf(names);
    const services = running?.services ?? [];
    const answer = () => answerUnary(services, method, request);
    return callRemote(this.world, life, running?.life, answer);
  }

  #common(life: Life) {
    return {
      clock: life,
      random: life.random,
      log: this.#log(life),
      telemetry: noTelemetry,
      instance: life.host.name,
      hasTestCards: this.#basis.hasTestCards,
      faults: this.#faults(life),
    };
  }

  /** Failures are part of what happened; the rest of a log is not. */
  #log(life: Life): Log {
    const { history } = this.world;
    const failure = (message: string, error: unknown) =>
      history.add(life.host.name, `${message}: ${String(error)}`);
    return { ...silentLog, failure };
  }

  #faults(life: Life): Faults {
    const seed = this.#troubles.faultPlan.seed + life.number * 101 + life.host.name.charCodeAt(1);
    const crash = (step: string) => life.host.crash(`at ${step}`);
    const faults = plannedFaults({ ...this.#troubles.faultPlan, seed }, life, crash);
    return {
      at: (step) => (this.world.isFaulty ? faults.at(step) : undefined),
      deliver: (step, handOver) =>
        this.world.isFaulty ? faults.deliver(step, handOver) : handOver(),
    };
  }

  #openDatabase(life: Life): LedgerDatabase {
    const pool = this.#connections(life, this.processorDatabase).asProcessorPool();
    return new LedgerDatabase({ pool, prisma: noPrisma() }, this.#faults(life));
  }

  #connections(life: Life, weather: DatabaseWeather, engine?: SqlEngine): Connections {
    const around = { world: this.world, witness: this.#troubles.witness };
    return new Connections({ ...around, engine: engine ?? this.#basis.engine, life, weather });
  }

  #disk(life: Life) {
    const disk = this.disks.get(life.host.name);
    if (disk === undefined) throw new Error("bug: a device without a disk");
    return disk.mount(life);
  }
}
