// Shows that the simulation sees it when a safeguard is missing: npm run mutate [-- name …]

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MUTATIONS, type Mutation } from "./mutations.ts";

const root = join(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  options: { seeds: { type: "string", default: "400" }, from: { type: "string", default: "1" } },
  allowPositionals: true,
});

const strangers = positionals.filter((given) => !MUTATIONS.some(({ name }) => name === given));
if (strangers.length > 0) throw new Error(`no mutation is named ${strangers.join(", ")}`);
const wanted = MUTATIONS.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
const survivors = wanted.filter((mutation) => !isFound(mutation));
console.log(`${wanted.length - survivors.length} of ${wanted.length} mutations were found`);
process.exitCode = survivors.length === 0 ? 0 : 1;

function isFound({ name, takesOut }: Mutation): boolean {
  const hook = join(root, "test/simulation/mutation-hook.ts");
  const main = join(root, "test/simulation/main.ts");
  const seeds = ["--seeds", values.seeds, "--from", values.from, "--stop-at-first"];
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", hook, main, ...seeds], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, CARDLANE_MUTATION: name },
  });
  const [, seed, violation] = /^seed (\d+).*\n {2}(.*)$/m.exec(stdout) ?? [];
  console.log(`${name}: without ${takesOut}`);
  if (seed !== undefined) console.log(`  found by seed ${seed}: ${violation}`);
  else console.log(`  NOT FOUND by ${values.seeds} seeds\n${stdout}${stderr}`);
  return seed !== undefined;
}
