import { PinService } from "../gen/cardlane/pin/v1/pin_pb.ts";
import { dial } from "../mesh/client/dial.ts";
import { runProgram } from "../mesh/program.ts";
import { startProcessor } from "./processor.ts";
import { programOptions } from "./running-program.ts";
import { PROCESSOR_SETTINGS } from "./settings.ts";

await runProgram("processor", PROCESSOR_SETTINGS, async (program, config) => {
  const options = await programOptions("processor", program, config);
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
    refundsADay: config.refundsADay,
    reverseWithinMs: config.reverseWithinHours * 3_600_000,
    openPinStream: () => channel.openStream(PinService.method.verify),
  });
});
