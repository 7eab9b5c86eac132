import { DirectoryInUse, directoryFiles } from "../../mesh/disk/durable-files.ts";
import { runProgram } from "../../mesh/program.ts";
import { ConfigError } from "../../settings/read-config.ts";
import { programOptions } from "../running-program.ts";
import { PIN_SERVICE_SETTINGS } from "../settings.ts";
import { startPinService } from "./pin-service.ts";

await runProgram("pin-service", PIN_SERVICE_SETTINGS, async (program, config) => {
  const { unlocksTestCards = false, dataDirectory } = config;
  const options = await programOptions("pin-service", program, config);
  const { log } = program;
  const files = await directoryFiles(dataDirectory, { log }).catch((error: unknown) => {
    throw error instanceof DirectoryInUse ? new ConfigError("pin-service", [error.message]) : error;
  });
  const running = await startPinService({ ...options, files, unlocksTestCards });
  return {
    address: running.address,
    async drain(graceMs) {
      await running.drain(graceMs);
      await files[Symbol.asyncDispose]();
    },
  };
});
