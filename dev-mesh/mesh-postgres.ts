import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Surroundings } from "../mesh/surroundings.ts";
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from "../prisma/embedded/embedded-postgres.ts";
import { setUpDatabase } from "../prisma/embedded/program-databases.ts";
import { EmbeddedPostgresError } from "../prisma/postgres-error.ts";

const DATABASES = ["relay", "processor"] as const;
/** What a killed server's own children leave behind is gone after this many attempts. */
const RESTART_ATTEMPTS_MAX = 60;
const RESTART_PAUSE_MS = 500;

interface MeshPostgresOptions extends Pick<Surroundings, "clock"> {
  readonly dataDirectory: string;
  readonly logFile: string;
  /** 0 takes any free port at the first start. */
  readonly port: number;
  /** For the server, on top of what it needs. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The database of a mesh, over all of its restarts. It keeps its port. */
export class MeshPostgres {
  readonly #options: MeshPostgresOptions;
  #server: EmbeddedPostgres;

  /** @throws EmbeddedPostgresError in one line for a person. */
  static async start(options: MeshPostgresOptions): Promise<MeshPostgres> {
    mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 });
    const server = await startServer(options, options.port);
    try {
      for (const name of DATABASES) await setUpDatabase(server, name);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return new MeshPostgres(options, server);
  }

  private constructor(options: MeshPostgresOptions, server: EmbeddedPostgres) {
    this.#options = options;
    this.#server = server;
  }

  /** The one that runs, or ran last. */
  get server(): EmbeddedPostgres {
    return this.#server;
  }

  /** Starts it again at the same port, when it has ended or after it was stopped. */
  async restart(): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop();
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#server = await startServer(this.#options, port);
        return;
      } catch (error) {
        const mayPass = error instanceof EmbeddedPostgresError && attempt < RESTART_ATTEMPTS_MAX;
        if (!mayPass) throw error;
        await this.#options.clock.sleep(RESTART_PAUSE_MS);
      }
    }
  }
}

function startServer(
  { dataDirectory, logFile, environment }: MeshPostgresOptions,
  port: number,
): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    dataDirectory,
    port,
    environment,
    log: (line) => appendFileSync(logFile, `${line}\n`),
  });
}
