import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { type Clock, systemClock } from "../mesh/clock.ts";
import type { EmbeddedPostgres } from "../prisma/embedded/embedded-postgres.ts";
import { systemRandom } from "../sealing/random.ts";
import { MeshClients } from "./clients.ts";
import { awaitElsewhere, type Elsewhere } from "./elsewhere.ts";
import { ANY_PORTS, MeshAddresses, type MeshPorts, ownPorts, type Via } from "./mesh-addresses.ts";
import {
  type InstanceName,
  MeshDirectory,
  PROGRAM_NAMES,
  type ProgramName,
  SECOND_NAMES,
} from "./mesh-directory.ts";
import { removeMeshFile, writeMeshFile } from "./mesh-file.ts";
import { makeMeshKeys } from "./mesh-keys.ts";
import { MeshPostgres } from "./mesh-postgres.ts";
import { type DiedProgram, MeshProgram } from "./mesh-program.ts";
import { checkPorts } from "./port-check.ts";
import { planOf } from "./program-plans.ts";
import { type ProgramPlan, ProgramStartError } from "./program-process.ts";
import { type Progress, silentProgress } from "./progress.ts";
import { registerAtProcessor, registerAtRelay } from "./register-devices.ts";
import { takeRunLock } from "./run-lock.ts";

/** All programs as processes of this machine, on an embedded PostgreSQL, with development keys. */
export interface Mesh extends AsyncDisposable {
  readonly directory: MeshDirectory;
  readonly isTls: boolean;
  /** "host:port" by program; they stay the same over restarts. */
  readonly addresses: Readonly<Record<ProgramName, string>>;
  readonly postgres: EmbeddedPostgres;
  /** Clients of every service, as the operator. */
  readonly clients: MeshClients;
  program(name: InstanceName): MeshProgram;
  /** Starts the database again at the same port, after it was stopped or killed. */
  restartPostgres(): Promise<void>;
  /** Resolves when a program ended that nobody had asked to end. */
  readonly died: Promise<DiedProgram>;
  /** Stops everything, whoever asks before whoever answers. The data stays. */
  stop(): Promise<void>;
}

export interface MeshOptions {
  /** Made at the first start, kept between starts. */
  readonly dataDirectory: string;
  readonly ports?: MeshPorts;
  /** Two relays and two processors. */
  readonly isPaired?: boolean;
  readonly via?: Via;
  readonly isTls?: boolean;
  /** Programs of somebody else, in place of ours. They are neither started nor stopped. */
  readonly elsewhere?: Elsewhere;
  /** On top of what programs need, for all and for one; read again at every start of a program. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly environmentOf?: (name: InstanceName | "postgres") => Readonly<Record<string, string>>;
  readonly progress?: Progress;
  readonly clock?: Clock;
  /** Aborted when nobody wants the mesh any more: the start then ends after the step it is at. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a mesh and waits until it can take payments. When something goes wrong, everything that
 * was started is stopped again.
 *
 * @throws MeshRunsError, PortInUseError, EmbeddedPostgresError or ProgramStartError, each with one
 *   line for a person.
 */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const mesh = new MeshProcesses(options);
  try {
    await mesh.start();
    return mesh;
  } catch (error) {
    await mesh.stop();
    throw error;
  }
}

class MeshProcesses implements Mesh {
  readonly directory: MeshDirectory;
  readonly isTls: boolean;
  readonly #options: MeshOptions;
  readonly #ports: MeshPorts;
  readonly #clock: Clock;
  readonly #progress: Progress;
  readonly #elsewhere: Elsewhere;
  readonly #names: readonly InstanceName[];
  readonly #programs = new Map<InstanceName, MeshProgram>();
  readonly #died = Promise.withResolvers<DiedProgram>();
  /** What is not a process: lock, clients, mesh file. */
  readonly #started = new AsyncDisposableStack();
  readonly #whereabouts: MeshAddresses;
  #postgres: MeshPostgres | undefined;
  #clients: MeshClients | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: MeshOptions) {
    this.directory = new MeshDirectory(resolve(options.dataDirectory));
    this.isTls = options.isTls ?? false;
    this.#options = options;
    this.#elsewhere = options.elsewhere ?? {};
    const isOurs = (name: InstanceName) => !Object.hasOwn(this.#elsewhere, name);
    const names = [...PROGRAM_NAMES, ...(options.isPaired === true ? SECOND_NAMES : [])];
    this.#names = names.filter(isOurs);
    this.#ports = ownPorts(options.ports ?? ANY_PORTS, this.#elsewhere);
    this.#whereabouts = new MeshAddresses({
      names: this.#names,
      ports: this.#ports,
      via: options.via ?? (async (_from, _to, address) => address),
      elsewhere: this.#elsewhere,
    });
    this.#clock = options.clock ?? systemClock;
    this.#progress = options.progress ?? silentProgress;
  }

  get addresses(): Readonly<Record<ProgramName, string>> {
    return byName((name) => this.#addressOf(name));
  }

  get postgres(): EmbeddedPostgres {
    return present(this.#postgres, "PostgreSQL").server;
  }

  get clients(): MeshClients {
    return present(this.#clients, "clients");
  }

  get died(): Promise<DiedProgram> {
    return this.#died.promise;
  }

  program(name: InstanceName): MeshProgram {
    return present(this.#programs.get(name), name);
  }

  async restartPostgres(): Promise<void> {
    await present(this.#postgres, "PostgreSQL").restart();
  }

  async start(): Promise<void> {
    this.#started.use(
      await takeRunLock(this.directory.path, { clock: this.#clock, random: systemRandom }),
    );
    await checkPorts(this.#ports);
    mkdirSync(this.directory.spans, { recursive: true, mode: 0o700 });
    const step: Progress["step"] = (name, work, detail) => this.#step(name, work, detail);
    await makeMeshKeys(this.directory, this.#clock, step, { isTls: this.isTls });
    const postgres = this.#startPostgres();
    const programs = this.#names.map((name) => this.#startProgram(name, postgres));
    await allOf([postgres, ...programs]);
    this.#clients = await this.#openClients();
    await Promise.race([this.#awaitElsewhere(), this.#failIfDied()]);
    await Promise.race([this.#register(), this.#failIfDied()]);
    this.#writeMeshFile();
    this.#started.defer(() => removeMeshFile(this.directory.path));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #startPostgres(): Promise<MeshPostgres> {
    const start = async () => {
      this.#postgres = await MeshPostgres.start({
        dataDirectory: this.directory.postgres,
        logFile: this.directory.logOf("postgres"),
        port: this.#ports.postgres,
        clock: this.#clock,
        environment: this.#options.environmentOf?.("postgres") ?? {},
      });
      return this.#postgres;
    };
    return await this.#step("PostgreSQL", start, ({ server }) => `127.0.0.1:${server.port}`);
  }

  /** Starts it as soon as it can be told where everything is that it needs. */
  async #startProgram(name: InstanceName, postgres: Promise<MeshPostgres>): Promise<void> {
    const { environment, environmentOf } = this.#options;
    const start = async () => {
      const planAt = await planOf(name, {
        directory: this.directory,
        isTls: this.isTls,
        addressesOf: (other) => this.#whereabouts.of(other, name),
        databaseUrl: async (of, role) => {
          return this.#whereabouts.databaseUrl(name, (await postgres).server.url(of, role));
        },
        environment: () => ({ ...environment, ...environmentOf?.(name) }),
      });
      const run = () => this.#runProgram(name, planAt);
      return (await this.#step(name, run, ({ address }) => address)).address;
    };
    await this.#whereabouts.settle(name, start());
  }

  async #runProgram(
    name: InstanceName,
    planAt: (listen: string) => ProgramPlan,
  ): Promise<MeshProgram> {
    const program = await MeshProgram.start({
      name,
      listen: `127.0.0.1:${this.#whereabouts.portOf(name)}`,
      planAt,
      clock: this.#clock,
      onRestarted: () => this.#writeMeshFile(),
      onDied: (end) => this.#died.resolve({ name, end }),
    });
    this.#programs.set(name, program);
    return program;
  }

  async #openClients(): Promise<MeshClients> {
    const tlsDirectory = this.isTls ? this.directory.tlsOf("operator") : undefined;
    const addressOf = (name: ProgramName) => this.#addressOf(name);
    const clients = await MeshClients.open(addressOf, this.#clock, tlsDirectory);
    this.#started.use(clients);
    return clients;
  }

  #addressOf(name: ProgramName): string {
    const elsewhere: Partial<Record<ProgramName, string>> = this.#elsewhere;
    return elsewhere[name] ?? this.program(name).address;
  }

  async #awaitElsewhere(): Promise<void> {
    const { clients, directory } = this;
    const { signal } = this.#options;
    const step: Progress["step"] = (name, work, detail) => this.#step(name, work, detail);
    await awaitElsewhere(this.#elsewhere, { clients, directory, clock: this.#clock, signal, step });
  }

  async #register(): Promise<void> {
    await this.#step("registration", async () => {
      await registerAtProcessor(this.clients, this.directory);
      await registerAtRelay(this.clients, this.directory);
    });
  }

  /** Never resolves. */
  async #failIfDied(): Promise<never> {
    const { name, end } = await this.died;
    throw new ProgramStartError(`${name} ${end.description}`);
  }

  #writeMeshFile(): void {
    const { directory, isTls, addresses, postgres } = this;
    const pids = Object.fromEntries([...this.#programs].map(([name, { pid }]) => [name, pid]));
    const [pid, postgresPort] = [process.pid, postgres.port];
    writeMeshFile(directory.path, { version: 1, pid, isTls, addresses, pids, postgresPort });
  }

  async #step<T>(name: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    this.#options.signal?.throwIfAborted();
    return await this.#progress.step(name, work, detail);
  }

  async #stop(): Promise<void> {
    const stop = (name: string, work: () => Promise<unknown>) =>
      this.#progress.step(`stop ${name}`, work);
    try {
      for (const name of this.#names.toReversed()) {
        const program = this.#programs.get(name);
        if (program !== undefined) await stop(name, () => program.stop());
      }
      const postgres = this.#postgres;
      if (postgres !== undefined) await stop("PostgreSQL", () => postgres.server.stop());
    } finally {
      await this.#started.disposeAsync();
    }
  }
}

function byName<T>(factOf: (name: ProgramName) => T): Readonly<Record<ProgramName, T>> {
  return Object.fromEntries(PROGRAM_NAMES.map((name) => [name, factOf(name)])) as Record<
    ProgramName,
    T
  >;
}

function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`bug: ${name} was not started yet`);
  return value;
}

/** Waits for all also when one fails: what the others started must be stopped with the rest. */
async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
