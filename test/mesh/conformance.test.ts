import { afterAll, beforeAll, expect, test } from "vitest";
import { conformance, ROLES } from "../../cli/commands/conformance.ts";
import { EXIT_CODES } from "../../cli/exit-code.ts";
import { recordedIo } from "../../cli/recorded-io.ts";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { silentLog } from "../../mesh/log.ts";
import { serve } from "../../mesh/serve.ts";
import { service } from "../../mesh/service.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";

let fixture: MeshFixture;

beforeAll(async () => {
  fixture = await startTestMesh();
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

/** Whoever says nothing for a moment will not say anything. */
const HASTY: Clock = {
  ...systemClock,
  timer: (delayMs, callback) => systemClock.timer(Math.min(delayMs, 300), callback),
};

async function examine(role: string, target: string, clock = systemClock) {
  const io = recordedIo({ clock });
  const exitCode = await conformance(io, { role, target, dataDir: "" });
  return { exitCode, lines: io.printed };
}

test.each(["relay", "processor", "terminal"] as const)("our own %s does it all", async (role) => {
  const { exitCode, lines } = await examine(role, fixture.mesh.addresses[role]);
  expect(lines.filter((line) => line.startsWith("✗"))).toEqual([]);
  const count = ROLES[role]?.length;
  expect(lines.at(-1)).toBe(`${count} of ${count}: ${role} at ${fixture.mesh.addresses[role]}`);
  expect(exitCode).toBe(EXIT_CODES.approved);
});

test("a processor that only echoes does little of it, and is told what", async () => {
  const echo = service(ProcessorService, {
    getManifest: () => ({}),
    process(stream) {
      stream.onFrame(() => undefined);
      stream.onEnd(() => stream.end());
    },
  });
  const listen = "127.0.0.1:0";
  await using server = await serve({
    listen,
    services: [echo],
    clock: systemClock,
    log: silentLog,
  });
  const { exitCode, lines } = await examine("processor", server.address, HASTY);
  expect(exitCode).toBe(EXIT_CODES.error);
  expect(lines).toContainEqual(
    expect.stringMatching(/^✗ +GetManifest: gives .* expected a delegation, got none$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^✓ +health: the server is SERVING$/));
});
