import type { VerifyRequest, VerifyResponse } from "../gen/cardlane/pin/v1/pin_pb.ts";
import { ProcessorService } from "../gen/cardlane/processor/v1/processor_pb.ts";
import { FollowedClock } from "../mesh/followed-clock.ts";
import type { Policy } from "../mesh/policy.ts";
import { type MeshService, type MethodsOf, service } from "../mesh/service.ts";
import type { Health } from "../mesh/services/health.ts";
import type { FrameStream } from "../mesh/stream/frame-stream.ts";
import { fastCurves as curves } from "../sealing/curves/chosen-curves.ts";
import type { Manifest } from "../sealing/keys/manifest.ts";
import { AuthorizationDesk } from "./authorization/authorization-desk.ts";
import { AuthorizationRun } from "./authorization/authorization-run.ts";
import { PaymentOpener } from "./authorization/payment-opener.ts";
import { PaymentStore } from "./authorization/payment-store.ts";
import { addCards, testCardRows } from "./cards/card-store.ts";
import { LedgerDatabase } from "./database.ts";
import { type ProcessorKeys, readProcessorKeys } from "./keys/processor-keys.ts";
import { oversightService } from "./oversight/oversight-service.ts";
import { OversightStore } from "./oversight/oversight-store.ts";
import { RetrievalReferences } from "./payments/retrieval-references.ts";
import { PinClient } from "./pins/pin-client.ts";
import { CertificateCache } from "./registry/certificate-cache.ts";
import { registryService } from "./registry/registry-service.ts";
import { RegistryStore } from "./registry/registry-store.ts";
import { HeldReversalStore } from "./reversal/held-reversal-store.ts";
import { HeldReversals } from "./reversal/held-reversals.ts";
import { REVERSE_WITHIN_MS, ReversalDesk } from "./reversal/reversal-desk.ts";
import { ReversalStore } from "./reversal/reversal-store.ts";
import {
  type CoreOptions,
  type ProgramOptions,
  type ProgramParts,
  type RunningProgram,
  runParts,
  withAudit,
} from "./running-program.ts";
import { Acknowledgements } from "./stream/acknowledgements.ts";
import { HOP_BOX_BYTES_MAX, type ProcessParts, ProcessStream } from "./stream/process-stream.ts";

interface OwnOptions {
  /** Opens a stream to the PIN service. */
  readonly openPinStream: () => FrameStream<VerifyRequest, VerifyResponse>;
  /** How long after an approval it is undone without an operator; 24 hours by default. */
  readonly reverseWithinMs?: number;
  /** Refunds without a sale of one merchant on a day, in euros; none by default. */
  readonly refundsADay?: number;
}

type ProcessorOptions = ProgramOptions & OwnOptions;
type ProcessorCoreOptions = CoreOptions & OwnOptions;

/**
 * The processor without its server, for a port or for simulated surroundings.
 *
 * @param using a database with its schema, and a stack for what must be closed.
 */
export async function openProcessor(
  given: ProcessorCoreOptions,
  using: { readonly database: LedgerDatabase; readonly stack: AsyncDisposableStack },
): Promise<Pick<ProgramParts, "services" | "onServing">> {
  const { database, stack } = using;
  // All processors of a ledger go by one clock: the ledger's.
  const clock = stack.use(new FollowedClock(given.clock, () => database.nowMs()));
  await clock.look();
  clock.follow();
  const options = { ...given, clock };
  const { log } = options;
  const keys = readProcessorKeys({
    folder: options.keys,
    curves,
    nowMs: clock.nowMs(),
    onRenewalFailed: (error) => log.failure("the key manifest could not be renewed", error),
  });
  if (options.hasTestCards) await addCards(database, testCardRows(keys.cardToken));
  const prerequisites = new Prerequisites();
  const parts = processParts(options, { keys, database, stack, prerequisites });
  const ledger = new OversightStore(database);
  const trust = { curves, roots: keys.roots };
  const services: readonly MeshService[] = [
    processorService(parts, () => keys.manifestAt(clock.nowMs())),
    registryService(new RegistryStore(database), ledger, trust, clock),
    oversightService({ store: ledger, held: heldReversals(parts, database) }),
  ];
  const onServing = (health: Health) => {
    prerequisites.tell(health);
    return (isReachable: boolean) => prerequisites.set("database", isReachable);
  };
  return { services: withAudit("processor", services, { ...options, database }), onServing };
}

/** Starts the program that opens, decides and records payments. The database has its schema. */
export async function startProcessor(options: ProcessorOptions): Promise<RunningProgram> {
  const { databaseUrl: url, faults } = options;
  await using stack = new AsyncDisposableStack();
  const database = stack.use(new LedgerDatabase({ url, program: "processor" }, faults));
  const opened = await openProcessor(options, { database, stack });
  const parts = {
    ...opened,
    database,
    policy: policyOf,
    bulkPeers: (domain: string) => [relaysOf(domain)],
  };
  return await runParts(options, parts, stack);
}

/** Everything behind the stream; what must be closed goes onto `stack`. */
function processParts(
  options: ProcessorCoreOptions,
  made: {
    readonly keys: ProcessorKeys;
    readonly database: LedgerDatabase;
    readonly stack: AsyncDisposableStack;
    readonly prerequisites: Prerequisites;
  },
): ProcessParts {
  const { clock, random, log, telemetry, instance, faults } = options;
  const { keys, database, stack, prerequisites } = made;
  const speaker = { program: "processor", instance, frameBytesMax: FRAME_BYTES_MAX };
  const around = { speaker, clock, random, log, telemetry, faults };
  const store = new PaymentStore(database);
  const certificates = new CertificateCache(new RegistryStore(database), curves, keys.roots);
  const pins = stack.use(
    new PinClient(options.openPinStream, keys, around, (isReachable) =>
      prerequisites.set("PIN service", isReachable),
    ),
  );
  const references = new RetrievalReferences(database);
  const signer = () => keys.resultSigner(clock.nowMs());
  const { reverseWithinMs = REVERSE_WITHIN_MS, refundsADay = 0 } = options;
  const desk = new AuthorizationDesk(store, references, signer, around, { refundsADay });
  const reversals = new ReversalDesk(new ReversalStore(database), references, signer, around, {
    reverseWithinMs,
  });
  const acknowledgements = new Acknowledgements(store, around);
  stack.defer(async () => {
    await Promise.all([desk.idle(), reversals.idle(), acknowledgements.idle()]);
  });
  const opener = new PaymentOpener(certificates, keys);
  const authorizations = new AuthorizationRun(opener, desk, pins, around);
  return { authorizations, reversals, acknowledgements, certificates, keys, around };
}

function heldReversals(
  { reversals: desk, around: { clock, telemetry } }: ProcessParts,
  database: LedgerDatabase,
): HeldReversals {
  return new HeldReversals({ store: new HeldReversalStore(database), desk, clock, telemetry });
}

/** Room for the frame around the largest box. */
export const FRAME_BYTES_MAX = HOP_BOX_BYTES_MAX + 1_024;

/** cardlane.processor.v1.ProcessorService. */
function processorService(parts: ProcessParts, manifestNow: () => Manifest): MeshService {
  const methods: MethodsOf<typeof ProcessorService> = {
    process: (stream) => new ProcessStream(stream, parts),
    getManifest: ({ haveNumber }) => manifestUnlessKnown(manifestNow(), haveNumber),
  };
  return service(ProcessorService, methods, { process: FRAME_BYTES_MAX });
}

function manifestUnlessKnown({ number, delegated }: Manifest, haveNumber: bigint) {
  return haveNumber === number ? {} : { manifest: delegated };
}

/** What the processor needs to decide payments, for its health. */
class Prerequisites {
  readonly #ready = { database: true, "PIN service": false };
  #health: Health | undefined;

  set(what: "database" | "PIN service", isReady: boolean): void {
    this.#ready[what] = isReady;
    this.#say();
  }

  tell(health: Health): void {
    this.#health = health;
    this.#say();
  }

  #say(): void {
    const { database, "PIN service": pins } = this.#ready;
    const state = (isReady: boolean) => (isReady ? "SERVING" : "NOT_SERVING");
    this.#health?.set("cardlane.processor.v1.ProcessorService", state(database && pins));
    for (const reading of ["ProcessorRegistryService", "ProcessorOversightService"]) {
      this.#health?.set(`cardlane.processor.v1.${reading}`, state(database));
    }
  }
}

/** Only relays and operators may call. */
function policyOf(trustDomain: string): Policy {
  return [
    {
      identity: relaysOf(trustDomain),
      methods: ["cardlane.processor.v1.ProcessorService/*"],
    },
    {
      identity: `spiffe://${trustDomain}/operator/*`,
      methods: [
        "cardlane.processor.v1.ProcessorService/GetManifest",
        "cardlane.processor.v1.ProcessorRegistryService/*",
        "cardlane.processor.v1.ProcessorOversightService/*",
        "cardlane.audit.v1.AuditService/*",
      ],
    },
  ];
}

function relaysOf(trustDomain: string): string {
  return `spiffe://${trustDomain}/relay/*`;
}
