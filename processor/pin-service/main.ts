import { runProgram } from "../../mesh/program.ts";
import { programOptions } from "../running-program.ts";
import { PIN_SERVICE_SETTINGS } from "../settings.ts";
import { startPinService } from "./pin-service.ts";

await runProgram("pin-service", PIN_SERVICE_SETTINGS, async (program, config) => {
  const options = await programOptions(program, config);
  return await startPinService({ ...options, unlocksTestCards: config.unlocksTestCards ?? false });
});
