import { FollowedClock } from "../mesh/followed-clock.ts";
import type { MeshService } from "../mesh/service.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { errorOfFault } from "../payment/errors.ts";
import { Answers } from "./answers/answers.ts";
import { Completer } from "./answers/completer.ts";
import { INSTITUTIONS } from "./forwarding/flight.ts";
import { FLIGHTS_MAX, Forwarder } from "./forwarding/forwarder.ts";
import { ManifestKeeper } from "./forwarding/manifest-keeper.ts";
import { ProcessorLanes } from "./forwarding/processor-lanes.ts";
import { Intake } from "./intake/intake.ts";
import { Recorder } from "./intake/recorder.ts";
import { SubmissionCheck } from "./intake/submission.ts";
import { Waiting } from "./records/waiting.ts";
import { Cancellation } from "./recovery/cancellation.ts";
import { Resumer } from "./recovery/resumer.ts";
import { Reversals } from "./recovery/reversals.ts";
import { Sweep } from "./recovery/sweep.ts";
import { Registry } from "./registry/registry.ts";
import { DEADLINE_MS, type RelayOptions } from "./relay-options.ts";
import { servicesOf } from "./services.ts";

/** Whether the relay can do its work; "database" and "processor" are what it depends on. */
export interface RelayHealth {
  readonly isDatabaseReached: boolean;
  readonly isProcessorReached: boolean;
}

/** A relay without its server. */
interface OpenRelay {
  readonly services: readonly MeshService[];
  /**
   * Fetches the manifest, connects to the processors, and goes on with what was left open.
   *
   * @param onHealth is told whenever it may have changed.
   */
  start(onHealth: (health: RelayHealth) => void): void;
}

/**
 * The relay without its server, for a port or for simulated surroundings.
 *
 * @param stack for what must be closed. What is being written is written then; what is on its way
 *   is found again by the next run.
 */
export async function openRelay(
  given: RelayOptions,
  stack: AsyncDisposableStack,
): Promise<OpenRelay> {
  const { store, keys, curves } = given;
  // All relays of a database go by one clock: the database's.
  const clock = stack.use(new FollowedClock(given.clock, () => store.nowMs()));
  await clock.look().catch(() => undefined); // The sweep says what the database lacks.
  const options = { ...given, clock };
  const registry = new Registry({ store: store.registry, curves, roots: keys.roots, clock });
  const waiting = new Waiting();
  const stop = new AbortController();
  const stopping = stop.signal;
  const forwarding = openForwarding(options, waiting, stack);
  const { manifest, lanes, forwarder } = forwarding;
  const answers = openAnswers(options, { forwarding, waiting, stopping }, stack);
  // Closed before the answers: what a stream brings until then is still committed.
  stack.use(lanes);
  const resumer = new Resumer(forwarder, registry);
  const check = new SubmissionCheck(registry, () => manifest.current);
  const intake = openIntake(options, { forwarding, resumer, check }, stack);
  const sweep = openSweep(options, { forwarding, resumer, waiting }, stack);
  stack.defer(() => stop.abort());
  return {
    services: servicesOf(options, {
      registry,
      waiting,
      stopping,
      manifest,
      intake,
      cancellation: cancellationOf(options, forwarding, check),
    }),
    start(onHealth) {
      clock.follow();
      start({ forwarding, answers, sweep, faults: options.faults, onHealth });
    },
  };
}

/** What goes to the processors: payments, and orders to undo them. */
interface Forwarding {
  readonly manifest: ManifestKeeper;
  readonly lanes: ProcessorLanes;
  readonly forwarder: Forwarder;
  readonly reversals: Reversals;
}

function openForwarding(
  options: RelayOptions,
  waiting: Waiting,
  stack: AsyncDisposableStack,
): Forwarding {
  const { relayId, program, instance, keys, store, clock, random, log, telemetry } = options;
  const links = options.processors;
  const manifest = stack.use(
    new ManifestKeeper({ links, curves: options.curves, roots: keys.roots, clock, log }),
  );
  const lanes = new ProcessorLanes({
    links,
    relayId,
    program,
    instance,
    hop: keys.hop,
    manifest: () => manifest.current,
    clock,
    random,
    jitter: options.jitter,
    log,
  });
  // Of payments and of reversals: an answer names the one that it is about.
  let lastRequestNumber = 0n;
  const nextRequestNumber = () => {
    lastRequestNumber += 1n;
    return lastRequestNumber;
  };
  const forwarder = new Forwarder({
    lanes,
    store: store.records,
    institutions: options.institutions ?? INSTITUTIONS,
    flightsMax: options.flightsMax ?? FLIGHTS_MAX,
    nextRequestNumber,
    clock,
    log,
    telemetry,
  });
  const reversals = new Reversals({
    store: store.recovery,
    lanes,
    relayId,
    signing: keys.signing,
    nextRequestNumber,
    clock,
    log,
    telemetry,
    onBegun: (outcome) => waiting.tell(outcome),
  });
  return { manifest, lanes, forwarder, reversals };
}

function openAnswers(
  { relayId, store: { records }, clock, log, telemetry, faults }: RelayOptions,
  made: {
    readonly forwarding: Forwarding;
    readonly waiting: Waiting;
    readonly stopping: AbortSignal;
  },
  stack: AsyncDisposableStack,
): Answers {
  const { waiting, stopping } = made;
  const { manifest, lanes, forwarder, reversals } = made.forwarding;
  const completer = new Completer({
    store: records,
    lanes,
    stopping,
    clock,
    log,
    telemetry,
    faults,
    onCompleted: (outcome) => waiting.tell(outcome),
  });
  stack.defer(() => completer.idle());
  return new Answers({
    relayId,
    forwarder,
    reversals,
    completer,
    records,
    manifest: () => manifest.current,
    onManifestStale: () => void manifest.refresh(),
    log,
  });
}

function openIntake(
  options: RelayOptions,
  made: {
    readonly forwarding: Forwarding;
    readonly resumer: Resumer;
    readonly check: SubmissionCheck;
  },
  stack: AsyncDisposableStack,
): Intake {
  const { relayId, instance, store, clock, random, telemetry, faults } = options;
  const { forwarding, resumer, check } = made;
  const { forwarder, lanes } = forwarding;
  const recorder = new Recorder({
    store: store.records,
    forwarder,
    lanes,
    relayId,
    leaseOwner: instance,
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    clock,
    random,
    telemetry,
    faults,
  });
  stack.defer(() => recorder.idle());
  return new Intake({ check, recorder, forwarder, resumer, clock });
}

function openSweep(
  { store, clock, jitter, log }: RelayOptions,
  made: {
    readonly forwarding: Forwarding;
    readonly resumer: Resumer;
    readonly waiting: Waiting;
  },
  stack: AsyncDisposableStack,
): Sweep {
  const { resumer, waiting } = made;
  const { forwarder, reversals } = made.forwarding;
  const { recovery, records } = store;
  const parts = { recovery, records, forwarder, reversals, resumer, waiting };
  return stack.use(new Sweep({ ...parts, clock, jitter, log }));
}

function cancellationOf(
  { relayId, instance, tombstoneRate, store, clock, random, log, telemetry }: RelayOptions,
  { forwarder, reversals }: Forwarding,
  { checkToUndo }: SubmissionCheck,
): Cancellation {
  const { records, recovery } = store;
  return new Cancellation({
    relayId,
    instance,
    checkToUndo,
    records,
    recovery,
    reversals,
    forwarder,
    tombstoneRate,
    clock,
    random,
    log,
    telemetry,
  });
}

function start(
  parts: Pick<Surroundings, "faults"> & {
    readonly forwarding: Forwarding;
    readonly answers: Answers;
    readonly sweep: Sweep;
    readonly onHealth: (health: RelayHealth) => void;
  },
): void {
  const { answers, sweep, faults, onHealth } = parts;
  const { manifest, lanes, forwarder } = parts.forwarding;
  let isDatabaseReached = true;
  const tellHealth = () => onHealth({ isDatabaseReached, isProcessorReached: lanes.isOpen });
  const processorReached = () => {
    forwarder.flush();
    sweep.processorReached();
    tellHealth();
  };
  manifest.follow(processorReached);
  lanes.open({
    onAnswers: (box) => faults.deliver("relay.answer", () => answers.receive(box)),
    onBoxRefused(box, fault) {
      // Most likely a key was rotated out.
      void manifest.refresh();
      forwarder.boxRefused(box, errorOfFault(fault));
    },
    onUp: processorReached,
    onWritable: () => forwarder.flush(),
    onOver(lane, stream) {
      forwarder.streamOver(lane, stream);
      tellHealth();
    },
  });
  sweep.start((isReached) => {
    isDatabaseReached = isReached;
    tellHealth();
  });
}
