import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { environment } from "../../settings/environment.ts";
import { startTelemetry } from "./telemetry.ts";

afterEach(() => vi.unstubAllEnvs());

/** A collector that takes OTLP over HTTP and keeps what it was sent. */
async function startCollector() {
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (request.url === "/v1/traces") bodies.push(Buffer.concat(parts));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bodies,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("the standard variables send spans to a collector over OTLP", async () => {
  await using collector = await startCollector();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint);
  vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test-bed");
  vi.stubEnv("OTEL_LOGS_EXPORTER", "none");
  const telemetry = await startTelemetry({ program: "relay", instance: "A1" }, environment);
  const span = telemetry.spanOf(undefined, "relay.forward", "server", { recordNumber: "A1TEST" });
  span.end();
  await telemetry.shutdown();

  const sent = Buffer.concat(collector.bodies).toString("latin1");
  expect(sent).toContain("relay.forward");
  expect(sent).toContain("cardlane-relay");
  expect(sent).toContain("A1TEST");
  expect(sent).toContain("test-bed");
});

test.each([
  { name: "no exporter", environment: { OTEL_TRACES_EXPORTER: "none" } },
  { name: "a disabled SDK", environment: { OTEL_SDK_DISABLED: "true" } },
  { name: "nothing asked for", environment: {} },
])("with $name no span is made", async ({ environment }) => {
  const telemetry = await startTelemetry({ program: "relay", instance: "A1" }, environment);
  expect(telemetry.spanOf(undefined, "relay.forward", "server").isSampled).toBe(false);
});
