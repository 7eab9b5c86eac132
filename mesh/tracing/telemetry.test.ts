import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { ProcessorService } from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { Health } from "../../gen/health/v1/health_pb.ts";
import { dial } from "../client/dial.ts";
import { systemClock } from "../clock.ts";
import { temporaryDirectory } from "../testing/certificates.ts";
import { box, echoServer } from "../testing/echo-server.ts";
import { receive } from "../testing/received.ts";
import { formatTraceparent, parseTraceparent } from "../traceparent.ts";
import { SpanFile } from "./span-file.ts";
import { findTraceId, readTrace } from "./span-record.ts";
import { noTelemetry, startTelemetry } from "./telemetry.ts";

const PARENT = `00-${"1".repeat(32)}-${"2".repeat(16)}-01`;
const UNSAMPLED_PARENT = `00-${"1".repeat(32)}-${"2".repeat(16)}-00`;

async function started(environment: Record<string, string> = {}) {
  const directory = await temporaryDirectory();
  const telemetry = await startTelemetry(
    { program: "relay", instance: "A1" },
    { CARDLANE_SPANS_DIR: directory.path, ...environment },
  );
  return {
    telemetry,
    directory: directory.path,
    async spansOf(traceparent: string) {
      await telemetry.flush();
      return readTrace(directory.path, parseTraceparent(traceparent)?.traceId ?? "");
    },
    async [Symbol.asyncDispose]() {
      await telemetry.shutdown();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test("a hop is a child of the frame's traceparent, and parent of what is sent on", async () => {
  await using run = await started();
  const span = run.telemetry.spanOf(PARENT, "relay.forward", "server", { paymentId: "p1" });
  const next = run.telemetry.spanOf(span.traceparent, "processor.authorize", "server");
  next.end("OVERLOADED");
  span.set({ outcome: "approved", amountMinor: 1_250n });
  span.end();
  expect(await run.spansOf(PARENT)).toMatchObject([
    {
      name: "relay.forward",
      kind: "server",
      program: "relay",
      instance: "A1",
      traceId: "1".repeat(32),
      parentSpanId: "2".repeat(16),
      isError: false,
      attributes: {
        "payment.id": "p1",
        "payment.outcome": "approved",
        "payment.amount_minor": 1_250,
      },
    },
    {
      name: "processor.authorize",
      parentSpanId: parseTraceparent(span.traceparent)?.spanId,
      isError: true,
      attributes: { "error.type": "OVERLOADED" },
    },
  ]);
  expect(await findTraceId(run.directory, "p1")).toBe("1".repeat(32));
});

test("a batched statement is a child of each sampled payment", async () => {
  await using run = await started();
  const sampled = run.telemetry.spanOf(PARENT, "relay.record", "internal");
  const unsampled = run.telemetry.spanOf(UNSAMPLED_PARENT, "relay.record", "internal");
  const statement = { operation: "INSERT", collection: "record", rows: 2 };
  run.telemetry.recordStatement([sampled, unsampled], statement).end();
  sampled.end();
  const spans = await run.spansOf(PARENT);
  expect(spans.map((span) => span.name).sort()).toEqual(["INSERT record", "relay.record"]);
  expect(spans.find((span) => span.name === "INSERT record")?.attributes).toEqual({
    "db.system.name": "postgresql",
    "db.operation.name": "INSERT",
    "db.collection.name": "record",
    "db.operation.batch.size": 2,
  });
});

test.each([
  {
    name: "an unsampled parent",
    parent: UNSAMPLED_PARENT,
    environment: {},
    next: UNSAMPLED_PARENT,
  },
  {
    name: "a root that the sampler refuses",
    parent: undefined,
    environment: { OTEL_TRACES_SAMPLER: "always_off" },
    next: expect.stringMatching(/-00$/),
  },
  {
    name: "a ratio of 0",
    parent: undefined,
    environment: { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0" },
    next: expect.stringMatching(/-00$/),
  },
])("$name makes no span, and says so to the next hop", async ({ parent, environment, next }) => {
  await using run = await started(environment);
  const span = run.telemetry.spanOf(parent, "relay.forward", "server");
  expect(span).toMatchObject({ isSampled: false, traceparent: next });
  span.end();
  await run.telemetry.flush();
  expect(await readdir(run.directory)).toEqual([]);
});

test("a ratio samples about so many roots", async () => {
  await using run = await started({
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
  });
  const spans = Array.from({ length: 2_000 }, () =>
    run.telemetry.spanOf(undefined, "terminal.pay", "internal"),
  );
  const sampled = spans.filter((span) => span.isSampled).length;
  expect(sampled).toBeGreaterThan(400);
  expect(sampled).toBeLessThan(600);
});

test("an attribute that is not on the list is dropped", async () => {
  await using run = await started();
  const attributes = { pan: "4242424242424242" } as Record<string, string>;
  const span = run.telemetry.spanOf(PARENT, "relay.forward", "server", attributes);
  span.set(attributes);
  span.end();
  expect(JSON.stringify(await run.spansOf(PARENT))).not.toContain("4242");
});

test.each([
  undefined,
  "",
  "00-1-2-01",
  `01-${"1".repeat(32)}-${"2".repeat(16)}-01`,
  `00-${"0".repeat(32)}-${"2".repeat(16)}-01`,
  `00-${"1".repeat(32)}-${"0".repeat(16)}-01`,
  `00-${"G".repeat(32)}-${"2".repeat(16)}-01`,
  `${PARENT}-x`,
])("a malformed traceparent starts a new trace: %j", async (parent) => {
  await using run = await started();
  const span = run.telemetry.spanOf(parent, "relay.forward", "server");
  expect(span.isSampled).toBe(true);
  expect(parseTraceparent(span.traceparent)?.traceId).not.toBe("1".repeat(32));
  span.end();
  expect(await run.spansOf(span.traceparent)).toMatchObject([{ parentSpanId: null }]);
});

test.each([undefined, ""])(
  "without tracing a hop without a parent is not sampled: %j",
  (parent) => {
    const span = noTelemetry.spanOf(parent, "relay.forward", "server");
    expect(span.traceparent).toMatch(/^00-f{32}-f{16}-00$/);
  },
);

test("traceparent is written as it was read", () => {
  const contexts = [PARENT, UNSAMPLED_PARENT].flatMap((one) => parseTraceparent(one) ?? []);
  expect(contexts.map(formatTraceparent)).toEqual([PARENT, UNSAMPLED_PARENT]);
});

test("a unary call is a client span and a server span in the caller's trace", async () => {
  await using run = await started();
  const { telemetry } = run;
  await using server = await echoServer({ telemetry });
  const targets = [server.address];
  using channel = dial({ targets, services: [], clock: systemClock, telemetry });
  const root = telemetry.spanOf(undefined, "cli.query", "internal");
  const headers = { traceparent: root.traceparent };
  await channel.client(ProcessorService).getManifest({}, { headers });
  const failing = channel.client(RelayService).getPayment({}, { headers });
  await expect(failing).rejects.toThrow();
  root.end();
  const spans = await run.spansOf(root.traceparent);
  const method = "cardlane.processor.v1.ProcessorService/GetManifest";
  const [client, answered] = ["client", "server"].map((kind) =>
    spans.find((span) => span.name === method && span.kind === kind),
  );
  expect(client?.parentSpanId).toBe(parseTraceparent(root.traceparent)?.spanId);
  expect(answered?.parentSpanId).toBe(client?.spanId);
  expect(answered?.attributes).toEqual({
    "rpc.system.name": "grpc",
    "rpc.method": method,
    "rpc.response.status_code": "OK",
  });
  const failed = spans.filter((span) => span.isError).map((span) => [span.kind, span.attributes]);
  const attributes = expect.objectContaining({
    "rpc.response.status_code": "NOT_FOUND",
    "error.type": "NOT_FOUND",
  });
  expect(failed.sort()).toEqual([
    ["client", attributes],
    ["server", attributes],
  ]);
});

test("a stream is a trace of its own, with counters only", async () => {
  await using run = await started();
  const { telemetry } = run;
  await using server = await echoServer({ telemetry });
  const targets = [server.address];
  using channel = dial({ targets, services: [], clock: systemClock, telemetry });
  const headers = { traceparent: PARENT };
  const stream = channel.openStream(ProcessorService.method.process, { headers });
  const received = receive(stream);
  for (const number of [1, 2, 3]) stream.send(box(number));
  stream.end();
  await received.end;
  const watching = channel.client(RelayService).watchPayments({}, { headers });
  for await (const _ of watching);
  await telemetry.flush();
  expect(await run.spansOf(PARENT)).toEqual([]);
  const traceId = (await findTraceId(run.directory, `${ProcessorService.typeName}/Process`)) ?? "";
  expect(await readTrace(run.directory, traceId)).toMatchObject([
    {
      parentSpanId: null,
      isError: false,
      attributes: {
        "mesh.frames_received": 3,
        "mesh.frames_sent": 3,
        "rpc.response.status_code": "OK",
      },
    },
  ]);
});

test("health and reflection leave no trace", async () => {
  await using run = await started();
  const { telemetry } = run;
  await using server = await echoServer({ telemetry });
  const targets = [server.address];
  using channel = dial({ targets, services: [], clock: systemClock, telemetry });
  await channel.client(Health).check({});
  const stream = channel.openStream(ServerReflection.method.serverReflectionInfo);
  stream.end();
  await receive(stream).end;
  await telemetry.flush();
  expect(await readdir(run.directory)).toEqual([]);
});

test("a file that is full becomes the old one, and both are read", async () => {
  await using run = await started();
  const directory = join(run.directory, "small");
  const file = new SpanFile(directory, { program: "relay", instance: "A1" }, 1);
  const memory = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor({ exporter: memory });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer("test");
  tracer.startSpan("one").end();
  const spans = memory.getFinishedSpans();
  for (let write = 0; write < 3; write += 1) {
    await new Promise((resolve) => file.export([...spans], resolve));
  }
  expect((await readdir(directory)).sort()).toEqual(["relay-A1.jsonl", "relay-A1.old.jsonl"]);
  const traceId = spans[0]?.spanContext().traceId ?? "";
  expect(await readTrace(directory, traceId)).toHaveLength(2);
});

test("a directory that cannot be written does not stop the program", async () => {
  const directory = join(import.meta.filename, "not-a-directory");
  const file = new SpanFile(directory, { program: "relay", instance: "A1" });
  const result = await new Promise((resolve) => file.export([], resolve));
  expect(result).toMatchObject({ code: 1 });
});
