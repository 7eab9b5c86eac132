// Shows that somebody sees it when a safeguard is missing: npm run mutate [-- name …]

import { optionsAndNames, runTool, wholeNumber } from "../../bench/command-options.ts";
import { interruption } from "../../bench/interruption.ts";
import { UsageError } from "../../bench/usage-error.ts";
import { type Look, look, type Seeds } from "./look.ts";
import type { Mutation, Witness } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { ProjectCopy } from "./project-copy.ts";

const SEEDS = { min: 0, max: 999_999_999 } as const;

interface Workshop {
  readonly copy: ProjectCopy;
  readonly seeds: Seeds;
  /** Ends the witness that looks. */
  readonly signal: AbortSignal;
}

/** What test files say when nothing is missing. */
const unchanged = new Map<Witness, Look>();

await runTool(async () => {
  const { values, names } = optionsAndNames(process.argv.slice(2), {
    seeds: { type: "string", default: "400" },
    from: { type: "string", default: "1" },
  });
  const strangers = names.filter((given) => !MUTATIONS.some(({ name }) => name === given));
  if (strangers.length > 0) throw new UsageError(`no mutation is named ${strangers.join(", ")}`);
  wholeNumber("seeds", values.seeds, SEEDS);
  wholeNumber("from", values.from, SEEDS);
  const wanted = MUTATIONS.filter(({ name }) => names.length === 0 || names.includes(name));
  const interrupted = interruption();
  using resources = new DisposableStack();
  const copy = resources.use(new ProjectCopy());
  const stopping = new AbortController();
  resources.defer(() => stopping.abort());
  const seeds = { from: values.from, count: values.seeds };
  const work = mutateAll(wanted, { copy, seeds, signal: stopping.signal });
  return await Promise.race([work, interrupted]);
});

async function mutateAll(wanted: readonly Mutation[], workshop: Workshop): Promise<number> {
  let found = 0;
  for (const mutation of wanted) if (await isFound(mutation, workshop)) found += 1;
  console.log(`${found} of ${wanted.length} mutations were found`);
  return found === wanted.length ? 0 : 1;
}

/** Whether the witness says twice that something is wrong, and says so of the mutation alone. */
async function isFound(mutation: Mutation, workshop: Workshop): Promise<boolean> {
  const { copy, seeds, signal } = workshop;
  const { name, takesOut, witness } = mutation;
  console.log(`${name}: without ${takesOut}`);
  const mutant = copy.without(mutation);
  const { seen, again, output } = await look(copy.path, witness, { seeds, signal });
  mutant[Symbol.dispose]();
  const by = witness === "simulation" ? `${seeds.count} seeds from ${seeds.from}` : witness;
  if (seen === undefined) {
    console.log(`  NOT FOUND by ${by}\n${output}`);
    return false;
  }
  const calm = unchanged.get(witness) ?? (await again(copy.path));
  if (witness !== "simulation") unchanged.set(witness, calm);
  if (calm.seen !== undefined) {
    console.log(`  NOT FOUND: with it ${by} sees something as well: ${calm.seen}`);
    return false;
  }
  console.log(`  found by ${witness === "simulation" ? "" : `${witness}, `}${seen}`);
  return true;
}
