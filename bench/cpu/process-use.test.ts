import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { secondsOfEndedChildren, useOfProcesses } from "./process-use.ts";

/** Ticks of /proc before and after, and what other threads do between two readings. */
const TOLERANCE = 0.06;
const WORK =
  "const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end);";

test.runIf(process.platform === "linux")("this process's CPU is what Node says of it", () => {
  const before = useOfProcesses([process.pid]).cpuSeconds;
  const usage = process.cpuUsage();
  while (process.cpuUsage(usage).user < 200_000);
  const { user, system } = process.cpuUsage(usage);
  const read = useOfProcesses([process.pid]).cpuSeconds - before;
  expect(Math.abs(read - (user + system) / 1e6)).toBeLessThan(TOLERANCE);
});

test.runIf(process.platform === "linux")("a child's CPU is there when it has ended", () => {
  const before = secondsOfEndedChildren();
  spawnSync(process.execPath, ["-e", WORK]);
  expect(secondsOfEndedChildren() - before).toBeGreaterThan(0.3 - TOLERANCE);
});
