import { expect, test, vi } from "vitest";
import { takeRunLock } from "../../dev-mesh/run-lock.ts";
import { systemClock } from "../../mesh/clock.ts";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { systemRandom } from "../../sealing/random.ts";
import { commandLine } from "../command-line.ts";
import { runCommand } from "../run-command.ts";
import { recordedIo } from "../testing/recorded-io.ts";

test("npm start warns of a variable that is not a setting, before it starts anything", async () => {
  await using data = await temporaryDirectory();
  // Somebody else's mesh runs there, so that none has to be started.
  await using _held = await takeRunLock(data.path, { clock: systemClock, random: systemRandom });
  vi.stubEnv("CARDLANE_LISTN", "127.0.0.1:1");
  const io = recordedIo();
  expect(await runCommand(io, commandLine, ["start", "--data-dir", data.path])).toBe(1);
  vi.unstubAllEnvs();
  expect(io.told).toContain(
    "warning: CARDLANE_LISTN is not a setting: did you mean CARDLANE_LISTEN?",
  );
});
