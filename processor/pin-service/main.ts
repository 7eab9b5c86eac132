import { readConfig } from "../../mesh/config.ts";
import { runProgram } from "../../mesh/program.ts";
import { COMMON_SETTINGS, forDevelopment, programOptions } from "../settings.ts";
import { startPinService } from "./pin-service.ts";

await runProgram("pin-service", async (program) => {
  const { unlocksTestCards, ...config } = readConfig("pin-service", program.environment, {
    ...COMMON_SETTINGS,
    unlocksTestCards: forDevelopment(
      "CARDLANE_UNLOCK_TEST_CARDS",
      "1 to give the test cards all PIN tries back at the start",
    ),
  });
  const options = await programOptions(program, config);
  return await startPinService({ ...options, unlocksTestCards });
});
