import { relative, sep } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What took longest in whole runs, longest first. After a clone vitest knows sizes alone. */
export const LONGEST: readonly string[] = [
  "test/simulation/simulation.test.ts",
  "test/simulation/more-seeds.test.ts",
  "test/mesh/faults-on-demand.test.ts",
  "test/mesh/stopped.test.ts",
  "siege/fuzz/fuzz.test.ts",
  "test/mutations/mutations.test.ts",
  "mesh/server/stream-leak.test.ts",
  "test/mesh/reader-impostor.test.ts",
  "relay/answers/answers.test.ts",
  "test/mesh/notified.test.ts",
  "chaos/interrupted.test.ts",
  "dev-mesh/mesh-processes.test.ts",
  "test/polyglot/other-programs.test.ts",
];

/**
 * Of each project the longest files begin first. A long one that begins last runs alone, beside a
 * worker with nothing to do.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    // A process is kept between files of one project only, so these stay together.
    const projects = [...new Set(sorted.map(({ project }) => project.name))];
    return sorted.toSorted(
      (one, other) =>
        projects.indexOf(one.project.name) - projects.indexOf(other.project.name) ||
        this.#rank(one) - this.#rank(other),
    );
  }

  #rank({ moduleId }: TestSpecification): number {
    const path = relative(this.ctx.config.root, moduleId).replaceAll(sep, "/");
    const index = LONGEST.indexOf(path);
    return index === -1 ? LONGEST.length : index;
  }
}
