import { afterAll, beforeAll, expect, test } from "vitest";
import { EXIT_CODES } from "../../cli/command-end.ts";
import { type CONFORMANCE_FLAGS, conformance, ROLES } from "../../cli/commands/conformance.ts";
import type { ValuesOf } from "../../cli/io/flags.ts";
import { recordedIo } from "../../cli/testing/recorded-io.ts";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { silentLog } from "../../mesh/log.ts";
import { serve } from "../../mesh/server/serve.ts";
import { service } from "../../mesh/service.ts";
import { TestKeys } from "../fixtures/keys.ts";
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

async function examine(options: ValuesOf<typeof CONFORMANCE_FLAGS>, clock = systemClock) {
  const io = recordedIo({ clock });
  const exitCode = await conformance(io, { ...options, dataDir: "" });
  return { exitCode, lines: io.printed };
}

test.each([
  { role: "relay", beside: "processor" },
  { role: "processor", beside: "reader" },
  { role: "terminal", beside: "reader" },
] as const)("our own $role does it all, with payments", async ({ role, beside }) => {
  const { addresses, directory } = fixture.mesh;
  const target = addresses[role];
  const neighbour = { [beside]: addresses[beside] };
  const { exitCode, lines } = await examine({ role, target, keys: directory.keys, ...neighbour });
  expect(lines.filter((line) => line.startsWith("✗"))).toEqual([]);
  const { checks = [], payments } = ROLES[role] ?? {};
  const count = checks.length + 1 + (payments?.checks.length ?? 0);
  expect(lines.at(-1)).toBe(`${count} of ${count}: ${role} at ${target}`);
  expect(exitCode).toBe(EXIT_CODES.approved);
});

test("without keys nothing is registered and nothing is paid", async () => {
  const { lines } = await examine({ role: "relay", target: fixture.mesh.addresses.relay });
  expect(lines.filter((line) => line.includes("regist"))).toEqual([]);
});

test("keys of another mesh: its roots trust nothing here, and no payment is tried", async () => {
  using stranger = new TestKeys({ nowMs: systemClock.nowMs(), seed: "another mesh" });
  const target = fixture.mesh.addresses.processor;
  const { exitCode, lines } = await examine({
    role: "processor",
    target,
    keys: stranger.directory,
  });
  expect(exitCode).toBe(EXIT_CODES.error);
  expect(lines.filter((line) => line.startsWith("✗"))).toEqual([
    expect.stringMatching(/^✗ +registers a relay, .* manifest/),
  ]);
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
  const { exitCode, lines } = await examine({ role: "processor", target: server.address }, HASTY);
  expect(exitCode).toBe(EXIT_CODES.error);
  expect(lines).toContainEqual(
    expect.stringMatching(/^✗ +GetManifest: gives .* expected a delegation, got none$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^✓ +health: the server is SERVING$/));
});
