import { PinService } from "../gen/cardlane/pin/v1/pin_pb.ts";
import { hostPort, readConfig } from "../mesh/config.ts";
import { dial } from "../mesh/dial.ts";
import { runProgram } from "../mesh/program.ts";
import { applyMigrations } from "../prisma/migrate.ts";
import { KeyFolder } from "../sealing/key-files.ts";
import { systemRandom } from "../sealing/random.ts";
import { startProcessor } from "./processor.ts";
import { COMMON_SETTINGS } from "./settings.ts";

await runProgram("processor", async (program) => {
  const { environment, instance, clock, log, telemetry } = program;
  const config = readConfig("processor", environment, {
    ...COMMON_SETTINGS,
    pinService: hostPort("CARDLANE_PIN_SERVICE", "where the PIN service listens"),
  });
  const { listen, databaseUrl, hasTestCards, tlsDirectory: directory, trustDomain } = config;
  const identity = await program.identityFrom(directory);
  await applyMigrations({ name: "processor", databaseUrl });
  const channel = dial({
    targets: [config.pinService],
    services: [PinService],
    identity,
    serverIdentity: identity && `spiffe://${trustDomain}/pin-service/*`,
    clock,
    telemetry,
  });
  return await startProcessor({
    listen,
    instance,
    databaseUrl,
    keys: new KeyFolder(config.keysDirectory),
    openPinStream: () => channel.openStream(PinService.method.verify),
    hasTestCards,
    clock,
    random: systemRandom,
    log,
    telemetry,
    identity,
    trustDomain,
  });
});
