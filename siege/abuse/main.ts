// Attacks under a bound on memory: npm run abuse [-- --only "tiny frames"] [--percent 10]
//                                                [--rounds 3] [--json]
//
// docs/siege.md says what each does and how to read the table.

import { aligned, ms } from "../../bench/columns.ts";
import { runTool } from "../../bench/command-options.ts";
import { interruption } from "../../bench/interruption.ts";
import { quantilesOf } from "../../bench/load/quantiles.ts";
import { CollectedMemory } from "../../bench/measure/collected-memory.ts";
import { BesiegedMesh } from "../besieged-mesh.ts";
import { abuse } from "./abuse-run.ts";
import { readAbuseArguments } from "./arguments.ts";
import { Claims } from "./claims.ts";
import { BOUNDS, brokenBounds, type Measured, p99Ratio } from "./verdict.ts";

const TURNS = { calmMs: 5_000, attackMs: 5_000 } as const;
/** Code that has run a few times is compiled; the first payments say nothing. */
const WARM_UP = 10;

await runTool(async () => {
  const asked = readAbuseArguments(process.argv.slice(2));
  const interrupted = interruption();
  using memory = new CollectedMemory();
  tell("starting a mesh over TLS");
  await using besieged = await BesiegedMesh.start({
    isTls: true,
    environment: memory.environment,
  });
  return await Promise.race([abuseAll(besieged, memory, asked), interrupted]);
});

async function abuseAll(
  besieged: BesiegedMesh,
  memory: CollectedMemory,
  { attacks, scale, rounds, isJson }: ReturnType<typeof readAbuseArguments>,
): Promise<number> {
  for (let paid = 0; paid < WARM_UP; paid += 1) await besieged.wrongs();
  await using claims = await Claims.open(besieged);
  const measured: Measured[] = [];
  for (const attack of attacks) {
    for (const victim of attack.victims) {
      const claim = claims.of(attack.name);
      const options = { besieged, memory, scale, rounds, ...TURNS, claim };
      const one = await abuse(attack, victim, options);
      measured.push(one);
      tell(`${attack.name} at the ${victim}: ${brokenBounds(one).join("; ") || "held"}`);
      if (one.told !== "") tell(`  ${one.told}`);
      if (one.death !== undefined) await besieged.revive();
    }
  }
  if (isJson) console.log(JSON.stringify({ bounds: BOUNDS, measured: measured.map(facts) }));
  else console.log(`\n${table(measured)}`);
  return measured.every((one) => brokenBounds(one).length === 0) ? 0 : 1;
}

function tell(line: string): void {
  console.error(line);
}

function table(measured: readonly Measured[]): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const head = [
    "MiB resident, milliseconds",
    "before",
    "calm",
    "peak",
    "after",
    "kept",
    "files",
    "held",
    "p99 calm",
    "p99 attacked",
    "ratio",
    "verdict",
  ];
  const rows = measured.map((one) => [
    `${one.attack} at the ${one.victim}`,
    mib(one.before.residentBytes),
    mib(one.calmPeakBytes),
    mib(one.peakBytes),
    mib(one.after.residentBytes),
    ((one.after.usedBytes - one.before.usedBytes) / 2 ** 20).toFixed(1),
    `${one.before.descriptors}→${one.after.descriptors}`,
    String(one.held),
    ms(quantilesOf(one.calmMs).p99),
    ms(quantilesOf(one.attackedMs).p99),
    p99Ratio(one).toFixed(2),
    brokenBounds(one).length === 0 ? "held" : "BROKEN",
  ]);
  return aligned([head, ...rows]);
}

function facts(one: Measured) {
  const { calmMs, attackedMs, ...rest } = one;
  return {
    ...rest,
    calm: { payments: calmMs.length, ...quantilesOf(calmMs) },
    attacked: { payments: attackedMs.length, ...quantilesOf(attackedMs) },
    p99Ratio: p99Ratio(one),
    broken: brokenBounds(one),
  };
}
