import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PROBE = `${import.meta.dirname}/../testing/leak-probe.ts`;
const run = promisify(execFile);

/** The heap's own ebb is less; a listener that stays for each stream is ten times more. */
const GROWTH_BYTES_MAX = 2_000_000;

test.each([
  { streams: 10_000, kinds: ["life"] },
  { streams: 10_000, kinds: ["reflection"] },
  { streams: 500, kinds: ["connect", "unary", "server-streaming", "grpc-web", "http1"] },
])("$streams streams ($kinds) that have ended leave nothing behind", async ({ streams, kinds }) => {
  const { stdout } = await run(process.execPath, ["--expose-gc", PROBE, `${streams}`, ...kinds]);
  expect(Number(stdout)).toBeLessThan(GROWTH_BYTES_MAX);
});
