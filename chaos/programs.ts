import { type InstanceName, PROGRAM_NAMES, SECOND_NAMES } from "../dev-mesh/mesh-directory.ts";
import type { Mesh } from "../dev-mesh/mesh-processes.ts";
import type { Clock } from "../mesh/clock.ts";

const INSTANCES: readonly InstanceName[] = [...PROGRAM_NAMES, ...SECOND_NAMES];
/** A program that cannot start (the database is away) is started again after this. */
const RESTART_PAUSE_MS = 1_000;

/** The processes of a mesh, of which any may be down; ends that nobody caused are remembered. */
export class Programs implements Disposable {
  readonly #mesh: Mesh;
  readonly #clock: Clock;
  /** Those that a fault has in hand. */
  readonly #held = new Set<InstanceName | "postgres">();
  /** "relay was ended by SIGABRT: …" */
  readonly ownDeaths: string[] = [];
  #isOver = false;

  readonly #say: (line: string) => void;

  constructor(mesh: Mesh, clock: Clock, say: (line: string) => void) {
    this.#mesh = mesh;
    this.#clock = clock;
    this.#say = say;
    for (const name of INSTANCES) this.#watch(name);
  }

  /** Those that no fault has in hand. */
  get free(): readonly InstanceName[] {
    return INSTANCES.filter((name) => !this.#held.has(name));
  }

  isFree(name: InstanceName | "postgres"): boolean {
    return !this.#held.has(name);
  }

  /** Nobody else harms it until the work is done, and it runs again then. */
  async during(name: InstanceName | "postgres", work: () => Promise<void>): Promise<void> {
    this.#held.add(name);
    try {
      await work();
    } finally {
      this.#held.delete(name);
    }
  }

  signal(name: InstanceName, signal: NodeJS.Signals): void {
    this.#mesh.program(name).kill(signal);
  }

  /** SIGKILL or SIGTERM, and waits for the end. */
  async end(name: InstanceName, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const program = this.#mesh.program(name);
    if (signal === "SIGTERM") await program.stop();
    else program.kill("SIGKILL");
    await program.ended;
  }

  /** Starts it, again and again until it does. */
  async revive(name: InstanceName): Promise<void> {
    for (;;) {
      try {
        await this.#mesh.program(name).restart();
        this.#watch(name);
        return;
      } catch {
        // The reason is in its log; most often the database is away as well.
        await this.#clock.sleep(RESTART_PAUSE_MS);
      }
    }
  }

  async killPostgres(): Promise<void> {
    const { pid, ended } = this.#mesh.postgres;
    process.kill(pid, "SIGKILL");
    await ended;
  }

  async restartPostgres(): Promise<void> {
    await this.#mesh.restartPostgres();
  }

  /** From now on a program may end. */
  [Symbol.dispose](): void {
    this.#isOver = true;
  }

  #watch(name: InstanceName): void {
    void this.#mesh.program(name).ended.then(async ({ description }) => {
      if (this.#isOver || this.#held.has(name)) return;
      this.ownDeaths.push(`${name} ${description}`);
      this.#say(`by itself, ${name} ${description}`);
      await this.during(name, () => this.revive(name));
    });
  }
}
