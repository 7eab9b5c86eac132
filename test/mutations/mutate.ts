// Shows that somebody sees it when a safeguard is missing: npm run mutate [-- name …]

import { parseArgs } from "node:util";
import { type Look, look } from "./look.ts";
import type { Mutation, Witness } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { ProjectCopy } from "./project-copy.ts";

const { values, positionals } = parseArgs({
  options: { seeds: { type: "string", default: "400" }, from: { type: "string", default: "1" } },
  allowPositionals: true,
});

const strangers = positionals.filter((given) => !MUTATIONS.some(({ name }) => name === given));
if (strangers.length > 0) throw new Error(`no mutation is named ${strangers.join(", ")}`);
const wanted = MUTATIONS.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
// Ctrl-C ends what runs in the copy; then the copy is taken away, and this ends too.
process.on("SIGINT", () => undefined);
using copy = new ProjectCopy();
/** What test files say when nothing is missing. */
const unchanged = new Map<Witness, Look>();
const survivors = wanted.filter((mutation) => !isFound(mutation));
console.log(`${wanted.length - survivors.length} of ${wanted.length} mutations were found`);
process.exitCode = survivors.length === 0 ? 0 : 1;

/** Whether the witness says that something is wrong, and says so of nothing but the mutation. */
function isFound(mutation: Mutation): boolean {
  const { name, takesOut, witness } = mutation;
  console.log(`${name}: without ${takesOut}`);
  const seeds = { from: values.from, count: values.seeds };
  const mutant = copy.without(mutation);
  const { seen, again, output } = look(copy.path, witness, seeds);
  mutant[Symbol.dispose]();
  const by = witness === "simulation" ? `${seeds.count} seeds` : witness;
  if (seen === undefined) {
    console.log(`  NOT FOUND by ${by}\n${output}`);
    return false;
  }
  const calm = unchanged.get(witness) ?? again(copy.path);
  if (witness !== "simulation") unchanged.set(witness, calm);
  if (calm.seen !== undefined) {
    console.log(`  NOT FOUND: with it ${by} sees something as well: ${calm.seen}`);
    return false;
  }
  console.log(`  found by ${witness === "simulation" ? "" : `${witness}, `}${seen}`);
  return true;
}
