import { PinService } from "../gen/cardlane/pin/v1/pin_pb.ts";
import { hostPort, readConfig } from "../mesh/config.ts";
import { dial } from "../mesh/dial.ts";
import { runProgram } from "../mesh/program.ts";
import { startProcessor } from "./processor.ts";
import { COMMON_SETTINGS, programOptions } from "./settings.ts";

await runProgram("processor", async (program) => {
  const config = readConfig("processor", program.environment, {
    ...COMMON_SETTINGS,
    pinService: hostPort("CARDLANE_PIN_SERVICE", "where the PIN service listens"),
  });
  const options = await programOptions(program, config);
  const { identity, trustDomain, clock, telemetry } = options;
  const channel = dial({
    targets: [config.pinService],
    services: [PinService],
    identity,
    serverIdentity: identity && `spiffe://${trustDomain}/pin-service/*`,
    clock,
    telemetry,
  });
  return await startProcessor({
    ...options,
    openPinStream: () => channel.openStream(PinService.method.verify),
  });
});
