import type { Surroundings } from "../mesh/surroundings.ts";
import type { InstanceName } from "./mesh-directory.ts";
import {
  type ProgramEnd,
  type ProgramPlan,
  type ProgramProcess,
  startProgram,
} from "./program-process.ts";

/** In-flight payments are done in less; a program that hangs must not keep a person waiting. */
const STOP_GRACE_MS = 10_000;

/** One program of a mesh, over all of its restarts. It keeps its address. */
export class MeshProgram {
  readonly name: InstanceName;
  readonly #options: MeshProgramOptions;
  #process: ProgramProcess;
  /** Whether the end of the process was asked for. */
  #isEndWanted = false;

  static async start(options: MeshProgramOptions): Promise<MeshProgram> {
    const { planAt, listen, clock } = options;
    return new MeshProgram(options, await startProgram(planAt(listen), clock));
  }

  private constructor(options: MeshProgramOptions, started: ProgramProcess) {
    this.name = options.name;
    this.#options = options;
    this.#process = started;
    this.#watch(started);
  }

  get address(): string {
    return this.#process.address;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when the process that runs now is gone. */
  get ended(): Promise<ProgramEnd> {
    return this.#process.ended;
  }

  /** SIGKILL, SIGTERM, SIGSTOP, SIGCONT … An end that comes of it counts as wanted. */
  kill(signal: NodeJS.Signals): void {
    this.#isEndWanted = true;
    this.#process.kill(signal);
  }

  /** Starts it again at the same address; stops it before when it still runs. */
  async restart(): Promise<void> {
    const { address } = this;
    const { planAt, clock, onRestarted } = this.#options;
    await this.stop();
    this.#process = await startProgram(planAt(address), clock);
    this.#isEndWanted = false;
    this.#watch(this.#process);
    onRestarted();
  }

  async stop(): Promise<ProgramEnd> {
    this.#isEndWanted = true;
    return await this.#process.stop(STOP_GRACE_MS, this.#options.clock);
  }

  #watch(watched: ProgramProcess): void {
    void watched.ended.then((end) => {
      if (!this.#isEndWanted) this.#options.onDied(end);
    });
  }
}

export interface DiedProgram {
  readonly name: InstanceName;
  readonly end: ProgramEnd;
}

interface MeshProgramOptions extends Pick<Surroundings, "clock"> {
  readonly name: InstanceName;
  readonly planAt: (listen: string) => ProgramPlan;
  /** "127.0.0.1:0" at first; the address it got from then on. */
  readonly listen: string;
  readonly onRestarted: () => void;
  /** The process ended and nobody had asked for it. */
  readonly onDied: (end: ProgramEnd) => void;
}
