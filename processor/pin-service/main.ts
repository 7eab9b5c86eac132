import { readConfig } from "../../mesh/config.ts";
import { runProgram } from "../../mesh/program.ts";
import { applyMigrations } from "../../prisma/migrate.ts";
import { KeyFolder } from "../../sealing/key-files.ts";
import { systemRandom } from "../../sealing/random.ts";
import { COMMON_SETTINGS } from "../settings.ts";
import { startPinService } from "./pin-service.ts";

await runProgram("pin-service", async (program) => {
  const { environment, instance, clock, log, telemetry } = program;
  const config = readConfig("pin-service", environment, COMMON_SETTINGS);
  const { listen, databaseUrl, hasTestCards, tlsDirectory: directory, trustDomain } = config;
  const identity = await program.identityFrom(directory);
  await applyMigrations({ name: "processor", databaseUrl });
  return await startPinService({
    listen,
    instance,
    databaseUrl,
    keys: new KeyFolder(config.keysDirectory),
    hasTestCards,
    clock,
    random: systemRandom,
    log,
    telemetry,
    identity,
    trustDomain,
  });
});
