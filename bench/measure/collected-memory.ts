import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { systemClock as clock } from "../../mesh/clock.ts";

const REPORT_MS_MAX = 30_000;
const LOOK_MS = 50;

/** What programs still use once their garbage is collected: they are asked, and have to collect. */
export class CollectedMemory implements Disposable {
  /** For the programs that are to be asked. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #reports: string;

  /** @param care "gentle" where the programs have to go on with their work meanwhile. */
  constructor(care: "thorough" | "gentle" = "thorough") {
    this.#reports = mkdtempSync(join(tmpdir(), "cardlane-memory-"));
    const preload = pathToFileURL(join(import.meta.dirname, "memory-report.ts")).href;
    this.environment = {
      NODE_OPTIONS: `--expose-gc --import ${preload}`,
      BENCH_MEMORY_DIR: this.#reports,
      BENCH_MEMORY_CARE: care,
    };
  }

  async of(pid: number): Promise<NodeJS.MemoryUsage> {
    const file = join(this.#reports, `${pid}.json`);
    rmSync(file, { force: true });
    process.kill(pid, "SIGUSR2");
    for (let waitedMs = 0; waitedMs < REPORT_MS_MAX; waitedMs += LOOK_MS) {
      await clock.sleep(LOOK_MS);
      const usage = readReport(file);
      if (usage !== undefined) return usage;
    }
    throw new Error(`process ${pid} did not report its memory within ${REPORT_MS_MAX} ms`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#reports, { recursive: true, force: true });
  }
}

function readReport(file: string): NodeJS.MemoryUsage | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as NodeJS.MemoryUsage;
  } catch {
    return undefined; // Not written yet.
  }
}
