import type { Identity } from "../mesh/identity/identity.ts";
import type { Policy } from "../mesh/policy.ts";
import { serve } from "../mesh/server/serve.ts";
import type { MeshService } from "../mesh/service.ts";
import type { Health } from "../mesh/services/health.ts";
import type { Surroundings } from "../mesh/surroundings.ts";
import type { KeyFolder } from "../sealing/keys/key-files.ts";
import type { Random } from "../sealing/random.ts";
import type { Database } from "./database.ts";
import { DatabaseWatch } from "./database-watch.ts";

/** What the processor and its PIN service both need, whatever their network is. */
export interface CoreOptions extends Surroundings {
  readonly instance: string;
  readonly keys: KeyFolder;
  /** Makes the cards of payment/test-cards.ts known, with their PINs. */
  readonly hasTestCards: boolean;
  readonly random: Random;
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
