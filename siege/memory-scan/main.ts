// What programs still have of card numbers and PINs once their payments have ended:
//     npm run memory-scan [-- --payments 20] [--idle 10]
//
// docs/siege.md says how to read the table.

import { aligned } from "../../bench/columns.ts";
import { commandOptions, runTool, wholeNumber } from "../../bench/command-options.ts";
import { CollectedMemory } from "../../bench/measure/collected-memory.ts";
import { PROGRAM_NAMES } from "../../dev-mesh/mesh-directory.ts";
import { systemClock as clock } from "../../mesh/clock.ts";
import { CANARY_PIN } from "../../payment/test-cards.ts";
import { startTestMesh } from "../../test/mesh/mesh-fixture.ts";
import { pay } from "../../test/mesh/pay.ts";
import { scanProcess } from "./process-memory.ts";
import { SECRETS } from "./secrets.ts";

type Mesh = Awaited<ReturnType<typeof startTestMesh>>["mesh"];
type Found = Readonly<Record<keyof typeof SECRETS, number>>;

const PAYMENTS = { min: 1, max: 10_000 } as const;
const IDLE_SECONDS = { min: 0, max: 3_600 } as const;
/** SECURITY.md says why a PIN that is typed on the terminal may stay there. */
const isKnown = (program: string, secret: keyof Found) =>
  program === "terminal" && secret.startsWith("PIN, ");

await runTool(async () => {
  const asked = commandOptions(process.argv.slice(2), {
    payments: { type: "string", default: "20" },
    idle: { type: "string", default: "10" },
  });
  const payments = wholeNumber("payments", asked.payments, PAYMENTS);
  const idleMs = wholeNumber("idle", asked.idle, IDLE_SECONDS) * 1_000;
  using memory = new CollectedMemory();
  await using fixture = await startTestMesh({ environment: memory.environment });
  const { mesh } = fixture;
  // Other cards first: code that reads cards is loaded, and its source has the canary's number.
  for (const pinEntry of ["terminal", "reader"] as const) await pay(mesh, { pinEntry });
  const before = await scanAll(mesh, memory);
  for (let paid = 0; paid < payments; paid += 1) {
    const pinEntry = paid % 2 === 0 ? "terminal" : "reader";
    await pay(mesh, { card: "canary", pin: CANARY_PIN, pinEntry });
  }
  await clock.sleep(idleMs);
  const after = await scanAll(mesh, memory);
  const secrets = Object.keys(SECRETS) as (keyof Found)[];
  const rows = PROGRAM_NAMES.map((name) => [
    name,
    ...secrets.map((secret) => `${before[name]?.[secret]} → ${after[name]?.[secret]}`),
  ]);
  console.log(`copies in memory before and after ${payments} payments, garbage collected:\n`);
  console.log(aligned([["", ...secrets], ...rows]));
  const kept = PROGRAM_NAMES.flatMap((name) =>
    secrets
      .filter((secret) => (after[name]?.[secret] ?? 0) > (before[name]?.[secret] ?? 0))
      .filter((secret) => !isKnown(name, secret))
      .map((secret) => `the ${name} keeps ${secret}`),
  );
  if (kept.length > 0) console.log(`\n${kept.join("\n")}`);
  return kept.length === 0 ? 0 : 1;
});

async function scanAll(
  mesh: Mesh,
  memory: CollectedMemory,
): Promise<Readonly<Record<string, Found>>> {
  const found: Record<string, Found> = {};
  for (const name of PROGRAM_NAMES) {
    const { pid } = mesh.program(name);
    await memory.of(pid);
    found[name] = scanProcess(pid, SECRETS);
  }
  return found;
}
