import { DirectoryInUse, directoryFiles } from "../mesh/disk/durable-files.ts";
import { runProgram } from "../mesh/program.ts";
import { deviceCurves as curves } from "../sealing/curves/chosen-curves.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { systemRandom } from "../sealing/random.ts";
import { ConfigError } from "../settings/read-config.ts";
import { startReader } from "./reader.ts";
import { READER_SETTINGS } from "./settings.ts";

await runProgram("reader", READER_SETTINGS, async (program, config) => {
  const { isProduction, clock, log, telemetry, faults } = program;
  const { listen, keysDirectory, dataDirectory, takenIdsMax } = config;
  const keys = new KeyFolder(keysDirectory);
  const files = await directoryFiles(dataDirectory, { log, damaged: "erased" }).catch((error) => {
    throw error instanceof DirectoryInUse ? new ConfigError("reader", [error.message]) : error;
  });
  const reader = await startReader(listen, {
    certificate: keys.readCertificate(),
    roots: keys.readTrustedRoots(curves),
    identity: curves.signer(keys.readKey("identity")),
    signing: curves.signer(keys.readKey("signing")),
    dukptInitialKey: () => keys.readKey("dukpt-initial"),
    files,
    takenIdsMax,
    curves,
    clock,
    random: systemRandom,
    log,
    telemetry,
    isControlled: !isProduction,
    faults,
  });
  // The register on disk holds everything from now on; who has this key could compute every PIN
  // key.
  if (keys.readKeys("dukpt-initial").length > 0) keys.destroyKey("dukpt-initial");
  return {
    address: reader.address,
    async drain(graceMs) {
      await reader.drain(graceMs);
      await files[Symbol.asyncDispose]();
    },
  };
});
