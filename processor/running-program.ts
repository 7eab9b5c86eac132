import type { ActKind } from "../audit/acts.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { auditService } from "../audit/audit-service.ts";
import { audited } from "../audit/audited-services.ts";
import { OperatorAudit } from "../audit/operator-audit.ts";
import { indistinctOperators } from "../audit/settings.ts";
import type { Clock, Timer } from "../mesh/clock.ts";
import type { Identity } from "../mesh/identity/identity.ts";
import type { Policy } from "../mesh/policy.ts";
import type { Program } from "../mesh/program.ts";
import { serve } from "../mesh/server/serve.ts";
import type { MeshService } from "../mesh/service.ts";
import type { Health } from "../mesh/services/health.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import type { HotDatabase } from "../prisma/hot-database.ts";
import { verifySchema } from "../prisma/migrations/verify-schema.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { type Random, systemRandom } from "../sealing/random.ts";
import { type ConfigOf, StartError } from "../settings/read-config.ts";
import type { Database } from "./database.ts";
import type { COMMON_SETTINGS } from "./settings.ts";

/** What the processor and its PIN service both need, whatever their network is. */
export interface CoreOptions extends Surroundings {
  readonly instance: string;
  readonly keys: KeyFolder;
  /** Makes the cards of payment/test-cards.ts known, with their PINs. */
  readonly hasTestCards: boolean;
  readonly random: Random;
  /** Kinds of acts that need two operators. */
  readonly fourEyes?: readonly ActKind[] | undefined;
}

/** What both are started with. */
export interface ProgramOptions extends CoreOptions {
  /** "host:port"; port 0 takes any. */
  readonly listen: string;
  readonly databaseUrl: string;
  /** With it: mutual TLS, and only those may call whom the program's policy names. */
  readonly identity?: Identity | undefined;
  readonly trustDomain?: string;
}

/** What processor and PIN service are started with, once the database has its schema. */
export async function programOptions(
  of: "processor" | "pin-service",
  { instance, isProduction, clock, log, telemetry, faults, identityFrom }: Program,
  config: ConfigOf<typeof COMMON_SETTINGS>,
): Promise<ProgramOptions & { readonly trustDomain: string }> {
  const { listen, databaseUrl, hasTestCards = false, trustDomain, fourEyes } = config;
  const problem = indistinctOperators(config);
  if (problem !== undefined) throw new StartError(`the program cannot start:\n  ${problem}`);
  const identity = await identityFrom(config.tlsDirectory);
  for (const power of await verifySchema({ program: of, databaseUrl, isProduction })) {
    log.warn("the role of the database has more rights than the program needs", { power });
  }
  return {
    listen,
    instance,
    databaseUrl,
    keys: new KeyFolder(config.keysDirectory),
    hasTestCards,
    fourEyes,
    clock,
    random: systemRandom,
    log,
    telemetry,
    faults,
    identity,
    trustDomain,
  };
}

/** The services with every act of an operator written down, and with the log of them. */
export function withAudit(
  program: "processor" | "pin-service",
  services: readonly MeshService[],
  {
    database,
    fourEyes,
    clock,
    log,
  }: Pick<CoreOptions, "fourEyes" | "clock" | "log"> & {
    readonly database: HotDatabase;
  },
): readonly MeshService[] {
  const entries = new AuditLog(database, "processor");
  const audit = new OperatorAudit({ entries, program, fourEyes, clock, log });
  return audited([...services, auditService(entries)], audit);
}

export interface RunningProgram extends AsyncDisposable {
  /** "127.0.0.1:40123" */
  readonly address: string;
  /** Ends in order: no new streams, answers to what was asked, then the database. */
  drain(graceMs: number): Promise<void>;
}

export interface ProgramParts {
  readonly database: Database;
  readonly services: readonly MeshService[];
  readonly policy: (trustDomain: string) => Policy;
  /**
   * SPIFFE URIs, as in policy.ts, of those whose streams carry the payments of many: they may open,
   * and reset, as many as their own clients make necessary.
   */
  readonly bulkPeers?: (trustDomain: string) => readonly string[];
  /** Called once it serves; what it returns is told when the database is lost or found again. */
  readonly onServing: (health: Health) => (isReachable: boolean) => void;
}

const INTERVAL_MS = 2_000;

/** Asks now and then whether the database answers, for the program's health. */
class DatabaseWatch implements Disposable {
  readonly #database: HotDatabase;
  readonly #clock: Clock;
  readonly #onChange: (isReachable: boolean) => void;
  #isReachable = true;
  #timer: Timer;
  #isOver = false;

  constructor(database: HotDatabase, clock: Clock, onChange: (isReachable: boolean) => void) {
    this.#database = database;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#timer = this.#plan();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer.cancel();
  }

  #plan(): Timer {
    return this.#clock.timer(INTERVAL_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const isReachable = await this.#database.answers();
    if (this.#isOver) return;
    if (isReachable !== this.#isReachable) {
      this.#isReachable = isReachable;
      this.#onChange(isReachable);
    }
    this.#timer = this.#plan();
  }
}

/** Serves what was made and watches its database. Takes over `stack`, with what to close. */
export async function runParts(
  options: ProgramOptions,
  parts: ProgramParts,
  stack: AsyncDisposableStack,
): Promise<RunningProgram> {
  const { listen, identity, trustDomain = "cardlane.dev", clock, log, telemetry } = options;
  const { database, services, policy, bulkPeers, onServing } = parts;
  const server = stack.use(
    await serve({
      listen,
      services,
      identity,
      ...(identity === undefined ? {} : { policy: policy(trustDomain) }),
      clock,
      log,
      telemetry,
      bulkPeers: bulkPeers?.(trustDomain),
    }),
  );
  stack.use(new DatabaseWatch(database, clock, onServing(server.health)));
  const running = stack.move();
  return {
    address: server.address,
    async drain(graceMs) {
      await server.drain(graceMs);
      await running.disposeAsync();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
