import type { Program } from "../mesh/program.ts";
import { applyMigrations } from "../prisma/migrations/migrate.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { systemRandom } from "../sealing/random.ts";
import type { ConfigOf } from "../settings/read-config.ts";
import type { ProgramOptions } from "./running-program.ts";
import type { COMMON_SETTINGS } from "./settings.ts";

/** What processor and PIN service are started with, once the database has its schema. */
export async function programOptions(
  { instance, clock, log, telemetry, faults, identityFrom }: Program,
  config: ConfigOf<typeof COMMON_SETTINGS>,
): Promise<ProgramOptions & { readonly trustDomain: string }> {
  const { listen, databaseUrl, hasTestCards = false, trustDomain } = config;
  const identity = await identityFrom(config.tlsDirectory);
  await applyMigrations({ name: "processor", databaseUrl });
  return {
    listen,
    instance,
    databaseUrl,
    keys: new KeyFolder(config.keysDirectory),
    hasTestCards,
    clock,
    random: systemRandom,
    log,
    telemetry,
    faults,
    identity,
    trustDomain,
  };
}
