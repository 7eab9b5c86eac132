import { readConfig } from "../../mesh/config.ts";
import { runProgram } from "../../mesh/program.ts";
import { COMMON_SETTINGS, programOptions } from "../settings.ts";
import { startPinService } from "./pin-service.ts";

await runProgram("pin-service", async (program) => {
  const config = readConfig("pin-service", program.environment, COMMON_SETTINGS);
  return await startPinService(await programOptions(program, config));
});
