import { startBed } from "./bench-bed.ts";
import type { Effort } from "./effort.ts";
import { type Compared, type Contender, compareInTurns, type FixedRate } from "./fixed-rate.ts";
import { streamsPerTill } from "./scenario.ts";
import type { Technique } from "./technique.ts";

const EVERYTHING_ON: Technique = { name: "everything on", environment: {} };

/** What all of them can carry: one statement for each payment ends at 250 to 390. */
const PAYMENTS_PER_SECOND = 200;

interface TechniqueOptions {
  readonly techniques: readonly Technique[];
  readonly effort: Pick<Effort, "warmUpMs" | "runMs" | "heatMs" | "turns">;
  readonly say: (line: string) => void;
}

/** What the techniques save. */
interface ComparedTechniques {
  readonly rate: FixedRate;
  /** The first has everything on. */
  readonly compared: readonly Compared[];
}

/**
 * Meshes with everything on and with one technique off each, in turns at the same load: what one
 * technique changes is less than two searches for the highest load differ by.
 */
export async function compareTechniques(options: TechniqueOptions): Promise<ComparedTechniques> {
  const { techniques, effort, say } = options;
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  for (const { name, environment } of [EVERYTHING_ON, ...techniques]) {
    say(`starting a mesh: ${name}`);
    const bed = stack.use(
      await startBed({ relayCount: 1, processorCount: 1, tillCount: 1, environment }),
    );
    const tills = { tillCount: 1, streamsPerTill: streamsPerTill(1) };
    contenders.push({ name, bed, load: stack.use(await bed.startLoad(tills)) });
  }
  const { warmUpMs, runMs, heatMs, turns: rounds } = effort;
  const rate = { paymentsPerSecond: PAYMENTS_PER_SECOND, warmUpMs, runMs, heatMs, rounds };
  return { rate, compared: await compareInTurns(contenders, rate, say) };
}
