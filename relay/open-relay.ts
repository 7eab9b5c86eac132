import type { Clock } from "../mesh/clock.ts";
import { FollowedClock } from "../mesh/followed-clock.ts";
import type { MeshService } from "../mesh/service.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import { errorOfFault } from "../payment/errors.ts";
import { AcknowledgementKeeper } from "./acknowledgements/acknowledgement-keeper.ts";
import { Answers } from "./answers/answers.ts";
import { Completer } from "./answers/completer.ts";
import { Forwarder } from "./forwarding/forwarder.ts";
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
import type { RelayStore } from "./relay-store.ts";
import type { RelaySurroundings } from "./relay-surroundings.ts";
import { SealedKeeper } from "./sealed/sealed-keeper.ts";
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
  options: RelayOptions,
  stack: AsyncDisposableStack,
): Promise<OpenRelay> {
  const { store, keys, curves } = options;
  // All relays of a database go by one clock: the database's.
  const clock = stack.use(new FollowedClock(options.clock, () => store.nowMs()));
  await clock.look().catch(() => undefined); // The sweep says what the database lacks.
  const stop = new AbortController();
  const around = surroundingsOf(options, clock, stop.signal);
  const registry = new Registry(store.registry, curves, keys.roots, clock);
  const waiting = new Waiting();
  const forwarding = openForwarding(options, waiting, around, stack);
  const { manifest, lanes, forwarder } = forwarding;
  const acknowledgements = stack.use(
    new AcknowledgementKeeper(store.acknowledgements, lanes, around),
  );
  const answers = openAnswers(store, { ...forwarding, acknowledgements }, waiting, around, stack);
  // Closed before the answers: what a stream brings until then is still committed.
  stack.use(lanes);
  const resumer = new Resumer(forwarder, registry);
  const check = new SubmissionCheck(registry, () => manifest.current);
  const recorder = new Recorder(store.records, forwarder, lanes, around);
  stack.defer(() => recorder.idle());
  const intake = new Intake(check, recorder, resumer, clock);
  const { reversals } = forwarding;
  const { recovery, records } = store;
  const going = { recovery, records, forwarder, reversals };
  const sweep = stack.use(new Sweep({ ...going, resumer, waiting, ...around }));
  const sealed = stack.use(new SealedKeeper(store.sealed, around));
  const { tombstoneRate } = options;
  const { checkToUndo } = check;
  const cancellation = new Cancellation({ ...going, checkToUndo, tombstoneRate, ...around });
  stack.defer(() => stop.abort());
  return {
    services: servicesOf(options, { registry, waiting, manifest, intake, cancellation, around }),
    start(onHealth) {
      clock.follow();
      acknowledgements.start();
      sealed.start();
      const parts = { forwarding, acknowledgements, answers, sweep };
      start({ ...parts, faults: options.faults, onHealth });
    },
  };
}

/** By name: of what a relay is started with, keys and stores go to no part unasked. */
function surroundingsOf(
  options: RelayOptions,
  clock: Clock,
  stopping: AbortSignal,
): RelaySurroundings {
  const { relayId, program, instance, deadlineMs = DEADLINE_MS } = options;
  const { random, jitter, log, telemetry, faults } = options;
  const own = { relayId, program, instance, deadlineMs, stopping };
  return { ...own, clock, random, jitter, log, telemetry, faults };
}

/** What goes to the processors: payments, and orders to undo them. */
interface Forwarding {
  readonly manifest: ManifestKeeper;
  readonly lanes: ProcessorLanes;
  readonly forwarder: Forwarder;
  readonly reversals: Reversals;
}

interface Acknowledging extends Forwarding {
  readonly acknowledgements: AcknowledgementKeeper;
}

function openForwarding(
  { store, keys, curves, processors, institutions, flightsMax }: RelayOptions,
  waiting: Waiting,
  around: RelaySurroundings,
  stack: AsyncDisposableStack,
): Forwarding {
  const manifest = stack.use(new ManifestKeeper(processors, curves, keys.roots, around));
  const lanes = new ProcessorLanes(processors, keys.hop, manifest, around);
  const forwarder = new Forwarder(lanes, store.records, { institutions, flightsMax }, around);
  const reversals = new Reversals(store.recovery, lanes, keys.signing, waiting, around);
  return { manifest, lanes, forwarder, reversals };
}

function openAnswers(
  { records }: RelayStore,
  { manifest, forwarder, reversals, acknowledgements }: Acknowledging,
  waiting: Waiting,
  around: RelaySurroundings,
  stack: AsyncDisposableStack,
): Answers {
  const { relayId, log } = around;
  const completer = new Completer(records, acknowledgements, waiting, around);
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

function start(
  parts: Pick<Surroundings, "faults"> & {
    readonly forwarding: Forwarding;
    readonly acknowledgements: AcknowledgementKeeper;
    readonly answers: Answers;
    readonly sweep: Sweep;
    readonly onHealth: (health: RelayHealth) => void;
  },
): void {
  const { acknowledgements, answers, sweep, faults, onHealth } = parts;
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
    onAcknowledged: (confirmed) => acknowledgements.confirmed(confirmed),
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
