// How long a reader or terminal waits for its disk: one change of `mesh/disk/durable-files.ts`, and
// the same done with a file of its own for each name. Milliseconds.
//
//     node bench/questions/durable-writes.ts [rounds]
//
// The ways take turns; a pause goes before each, as between payments. Where the temporary directory
// is in memory (TMPDIR), nothing is measured.

import { mkdtempSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "../../mesh/clock.ts";
import { directoryFiles } from "../../mesh/disk/durable-files.ts";
import { systemRandom as random } from "../../sealing/random.ts";
import { aligned } from "../columns.ts";
import { quantilesOf } from "../load/quantiles.ts";

const ROUNDS = 300;
const PAUSE_MS = 2;
/** A payment that the reader keeps until it is answered. */
const CONTENT_BYTES = 1_000;

await using resources = new AsyncDisposableStack();
const home = mkdtempSync(join(tmpdir(), "cardlane-bench-"));
resources.defer(() => rmSync(home, { recursive: true, force: true }));
const files = resources.use(await directoryFiles(home));
const directory = resources.use(await open(home, "r"));

const ways: Readonly<Record<string, (name: string) => Promise<void>>> = {
  write: (name) => files.write(name, random.bytes(CONTENT_BYTES)),
  overwrite: (name) => files.overwrite(name, random.bytes(CONTENT_BYTES)),
  remove: (name) => files.remove(name),
  "write again": (name) => files.write(name, random.bytes(CONTENT_BYTES)),
  erase: (name) => files.erase(name),
  "file of its own": replaceFile,
};

const times = new Map<string, number[]>(Object.keys(ways).map((way) => [way, []]));
for (let round = 0; round < Number(process.argv[2] ?? ROUNDS); round += 1) {
  for (const [way, change] of Object.entries(ways)) {
    await clock.sleep(PAUSE_MS);
    const startedMs = clock.monotonicMs();
    await change(`payment-${round}`);
    times.get(way)?.push(clock.monotonicMs() - startedMs);
  }
}
const rows = [...times].map(([way, all]) => {
  const { p50, p99 } = quantilesOf(all);
  return [way, p50.toFixed(2), p99.toFixed(2)];
});
console.log(aligned([["", "p50 ms", "p99 ms"], ...rows]));

/** Content before name, name before the directory: each synced before the next. */
async function replaceFile(name: string): Promise<void> {
  const path = join(home, `${name}.bin`);
  {
    await using file = await open(`${path}.unfinished`, "w");
    await file.writeFile(random.bytes(CONTENT_BYTES));
    await file.sync();
  }
  await rename(`${path}.unfinished`, path);
  await directory.sync();
}
