import type { CollectedMemory } from "../../bench/measure/collected-memory.ts";
import { Databases } from "../../chaos/databases.ts";
import { PROGRAM_NAMES } from "../../dev-mesh/mesh-directory.ts";
import type { Mesh } from "../../dev-mesh/mesh-processes.ts";
import type { Clock } from "../../mesh/clock.ts";
import { processFigures } from "../process-figures.ts";
import { JUDGED_SHARE, type Point, type Series } from "./growth.ts";

const MIB = 2 ** 20;
/** A heap may gain so much that no longer run would repeat: code, caches, what is kept a while. */
const USED_BYTES_ONCE = 3 * MIB;
const USED_BYTES_PER_MS = MIB / 600_000;
const RESIDENT_SHARE = 0.05;
const DESCRIPTORS_MAX = 3;
const THREADS_MAX = 1;
/** A pool opens its connections when they are first needed, up to its limit. */
const CONNECTIONS_MAX = 10;

type Figure = "used" | "resident" | "descriptors" | "threads" | "connections";

/** Figures of all programs over time. */
export class SoakSamples {
  readonly #mesh: Mesh;
  readonly #memory: CollectedMemory;
  readonly #clock: Clock;
  readonly #databases: Databases;
  readonly #points = new Map<string, { readonly figure: Figure; readonly points: Point[] }>();

  constructor(mesh: Mesh, memory: CollectedMemory, clock: Clock) {
    this.#mesh = mesh;
    this.#memory = memory;
    this.#clock = clock;
    this.#databases = new Databases(mesh);
  }

  async take(): Promise<void> {
    const atMs = this.#clock.monotonicMs();
    const connections = await this.#connections();
    for (const name of PROGRAM_NAMES) {
      const { pid } = this.#mesh.program(name);
      const { descriptors, threads } = processFigures(pid);
      const { rss, heapTotal, heapUsed, external } = await this.#memory.of(pid);
      // V8 keeps empty pages for new objects, the more the longer it runs.
      const emptyBytes = heapTotal - heapUsed;
      this.#add(`${name}: resident but V8's empty pages`, "resident", atMs, rss - emptyBytes);
      this.#add(`${name}: used`, "used", atMs, heapUsed + external);
      const others = descriptors - (connections.get(name) ?? 0);
      this.#add(`${name}: descriptors but PostgreSQL's`, "descriptors", atMs, others);
      this.#add(`${name}: threads`, "threads", atMs, threads);
    }
    for (const [name, count] of connections) {
      this.#add(`${name}: PostgreSQL's`, "connections", atMs, count);
    }
  }

  /** With what each may rise by in a run of this length. */
  all(): readonly Series[] {
    return [...this.#points].map(([name, { figure, points }]) => ({
      name,
      points,
      riseMax: riseMaxOf(figure, points),
    }));
  }

  #add(name: string, figure: Figure, atMs: number, value: number): void {
    const known = this.#points.get(name) ?? { figure, points: [] };
    known.points.push({ atMs, value });
    this.#points.set(name, known);
  }

  /** Connections by program. The relay is alone at its database and gives no name. */
  async #connections(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#databases.query<{ program: string; count: number }>(
      "relay",
      `SELECT coalesce(nullif(application_name, ''), datname) AS program,
         count(*)::float8 AS count
       FROM pg_stat_activity
       WHERE datname IS NOT NULL AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY 1`,
    );
    return new Map(rows.map(({ program, count }) => [program, Number(count)]));
  }
}

/** Above noise: a run of an hour may gain less in a minute than a short one. @param points all. */
export function riseMaxOf(figure: Figure, points: readonly Point[]): number {
  const lastMs = points.at(-1)?.atMs ?? 0;
  const durationMs = (lastMs - (points[0]?.atMs ?? 0)) * JUDGED_SHARE;
  switch (figure) {
    case "used":
      return USED_BYTES_ONCE + USED_BYTES_PER_MS * durationMs;
    case "resident":
      return RESIDENT_SHARE * Math.max(0, ...points.map(({ value }) => value));
    case "descriptors":
      return DESCRIPTORS_MAX;
    case "threads":
      return THREADS_MAX;
    case "connections":
      return CONNECTIONS_MAX;
  }
}
