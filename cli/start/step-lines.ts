import type { Progress } from "../../dev-mesh/progress.ts";
import type { CommandIo } from "../io/command-io.ts";
import { formatDuration } from "../print/text.ts";

const NAME_COLUMNS = 20;
const DETAIL_COLUMNS = 18;
const DURATION_COLUMNS = 7;

/** A line for each step when it is done and, where lines can be replaced, what is under way. */
export class StepLines implements Progress {
  readonly #io: Pick<CommandIo, "tell" | "showStatus" | "clock" | "paint">;
  readonly #underWay = new Set<string>();

  constructor(io: Pick<CommandIo, "tell" | "showStatus" | "clock" | "paint">) {
    this.#io = io;
  }

  async step<T>(
    name: string,
    work: () => Promise<T>,
    detail: (result: T) => string = () => "",
  ): Promise<T> {
    const { clock } = this.#io;
    const startedAtMs = clock.monotonicMs();
    const finish = (facts: string | undefined) => {
      this.#underWay.delete(name);
      this.#io.tell(this.#line(name, facts, clock.monotonicMs() - startedAtMs));
      this.#showUnderWay();
    };
    this.#underWay.add(name);
    this.#showUnderWay();
    try {
      const result = await work();
      finish(detail(result));
      return result;
    } catch (error) {
      finish(undefined);
      throw error;
    }
  }

  /** @param facts undefined when the step failed. */
  #line(name: string, facts: string | undefined, durationMs: number): string {
    const { paint } = this.#io;
    const mark = facts === undefined ? paint("red", "✗") : paint("green", "✓");
    const duration = paint("dim", formatDuration(durationMs).padStart(DURATION_COLUMNS));
    const padded = (facts ?? "").padEnd(DETAIL_COLUMNS);
    return `  ${mark} ${name.padEnd(NAME_COLUMNS)} ${padded} ${duration}`;
  }

  #showUnderWay(): void {
    const names = [...this.#underWay].join(", ");
    this.#io.showStatus(names === "" ? "" : this.#io.paint("dim", `  … ${names}`));
  }
}
