import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildPeer } from "./build-peer.ts";

const WORKS = "exit 0";

/** A folder of programs that do nothing but this. */
function programs(bodies: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "cardlane-programs-"));
  for (const [name, body] of Object.entries(bodies)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

describe.runIf(process.platform === "linux")("the peer", () => {
  test.each([
    { what: "without Java", bodies: {}, leftOut: "no java found" },
    { what: "where Java does not start", bodies: { java: "exit 1" }, leftOut: "no java found" },
    { what: "without Maven", bodies: { java: WORKS }, leftOut: "no mvn found" },
    {
      what: "when Maven cannot fetch it",
      bodies: {
        java: WORKS,
        mvn: '[ "$1" = --version ] && exit 0; echo "[ERROR] no network"; exit 1',
      },
      leftOut: "Maven did not build it: [ERROR] no network",
    },
  ])("is left out by name $what", async ({ bodies, leftOut }) => {
    using there = programs(bodies);
    expect(await buildPeer(there.folder)).toEqual({ leftOut });
  });

  test("has its classes and what Maven fetched in its class path", async () => {
    using there = programs({ java: WORKS, mvn: WORKS });
    const { classPath = "" } = (await buildPeer(there.folder)) as { classPath?: string };
    expect(classPath.split(":")).toEqual([
      expect.stringMatching(/\/\.cardlane\/jpos\/classes$/),
      expect.stringMatching(/\/\.cardlane\/jpos\/dependency\/\*$/),
    ]);
  });
});
