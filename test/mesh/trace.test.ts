import { expect, test } from "vitest";
import { readTrace, type SpanRecord } from "../../mesh/tracing/span-record.ts";
import { startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

test("one payment is one trace over every program and its SQL statements", async () => {
  await using fixture = await startTestMesh();
  const { mesh } = fixture;
  const { report } = await pay(mesh);
  await mesh.stop(); // Programs write their last spans when they stop.
  const spans = await readTrace(mesh.directory.spans, report.traceId);

  const programs = new Set(spans.map(({ program }) => program));
  expect([...programs].toSorted()).toEqual([
    "pin-service",
    "processor",
    "reader",
    "relay",
    "terminal",
  ]);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === null);
  const orphans = spans.filter(
    ({ parentSpanId }) => parentSpanId !== null && !ids.has(parentSpanId),
  );
  expect(roots).toHaveLength(1);
  expect(orphans).toEqual([]);
  expect(statementsOf(spans, "relay")).toBeGreaterThanOrEqual(2);
  expect(statementsOf(spans, "processor")).toBeGreaterThanOrEqual(2);
  expect(statementsOf(spans, "pin-service")).toBeGreaterThanOrEqual(1);
  expect(report.recordNumber).not.toBe("");
});

function statementsOf(spans: readonly SpanRecord[], program: string): number {
  return spans.filter(
    (span) => span.program === program && span.attributes["db.system.name"] === "postgresql",
  ).length;
}
