import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProgramName } from "../../cli/start/mesh-directory.ts";
import { grpcurl, installGoTool } from "./grpcurl.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

/** Building grpcurl the first time takes its minutes. */
const BUILD_MS = 300_000;

const path = await installGoTool("grpcurl");
let fixture: MeshFixture;

beforeAll(async () => {
  fixture = await startTestMesh();
}, BUILD_MS);

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

const ask = (program: ProgramName, ...args: readonly string[]) => {
  const address = fixture.mesh.addresses[program];
  const flags = args.slice(0, -1);
  return grpcurl(path ?? "", ["-plaintext", ...flags, address, ...(args.at(-1) ?? "").split(" ")]);
};

describe.skipIf(path === undefined)("the real grpcurl, without proto files", () => {
  test.each([
    { program: "reader", service: "cardlane.reader.v1.ReaderService" },
    { program: "terminal", service: "cardlane.terminal.v1.TerminalService" },
    { program: "relay", service: "cardlane.relay.v1.RelayService" },
    { program: "processor", service: "cardlane.processor.v1.ProcessorService" },
    { program: "pin-service", service: "cardlane.pin.v1.PinService" },
  ] as const)(
    "lists and describes what the $program serves, and it is healthy",
    async ({ program, service }) => {
      const list = await ask(program, "list");
      expect(list.text.split("\n")).toEqual(
        expect.arrayContaining([
          service,
          "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
        ]),
      );
      const described = await ask(program, `describe ${service}`);
      expect(described.text).toMatch(/^ {2}\/\/ .+\n {2}(\/\/ .+\n {2})*rpc /m);
      const health = await ask(program, "grpc.health.v1.Health/Check");
      expect(health).toMatchObject({ exitCode: 0 });
      expect(health.text).toContain('"status": "SERVING"');
    },
  );

  test("calls the relay for a record", async () => {
    const { report } = await pay(fixture.mesh);
    const request = JSON.stringify({ recordNumber: report.recordNumber });
    const answer = await ask("relay", "-d", request, "cardlane.relay.v1.RelayService/GetPayment");
    expect(answer.exitCode).toBe(0);
    expect(JSON.parse(answer.text).payment).toMatchObject({
      state: "PAYMENT_STATE_APPROVED",
      certainty: "CERTAINTY_FINAL",
      lastFour: "4242",
    });
  });

  test("prints an error with its details", async () => {
    const request = JSON.stringify({ recordNumber: "hello" });
    const answer = await ask("relay", "-d", request, "cardlane.relay.v1.RelayService/GetPayment");
    expect(answer.exitCode).not.toBe(0);
    expect(answer.text).toContain("Code: InvalidArgument");
    expect(answer.text).toContain("record_number must be 12 letters and digits");
    expect(answer.text).toContain("google.rpc.ErrorInfo");
    expect(answer.text).toContain("MALFORMED_REQUEST");
  });

  test("follows a server stream", async () => {
    const { report } = await pay(fixture.mesh);
    const request = JSON.stringify({ afterSequence: "0" });
    const watched = await ask(
      "relay",
      "-max-time",
      "3",
      "-d",
      request,
      "cardlane.relay.v1.RelayService/WatchPayments",
    );
    expect(watched.text).toContain(report.recordNumber);
  });
});
