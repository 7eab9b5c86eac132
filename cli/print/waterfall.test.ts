import { expect, test } from "vitest";
import type { SpanRecord } from "../../mesh/tracing/span-record.ts";
import { waterfallLines } from "./waterfall.ts";

function span(changes: Partial<SpanRecord>): SpanRecord {
  return {
    traceId: "1",
    spanId: "a",
    parentSpanId: null,
    name: "pay",
    kind: "server",
    program: "terminal",
    instance: "T1",
    startedAtMs: 1_000,
    durationMs: 16,
    isError: false,
    attributes: {},
    ...changes,
  };
}

test("children stand under their parents, in time order, on one axis", () => {
  const spans = [
    span({}),
    span({ spanId: "c", parentSpanId: "a", name: "submit", startedAtMs: 1_008, durationMs: 8 }),
    span({
      spanId: "b",
      parentSpanId: "a",
      name: "read card",
      program: "reader",
      startedAtMs: 1_002,
      durationMs: 4,
    }),
    span({
      spanId: "d",
      parentSpanId: "c",
      name: "record",
      program: "relay",
      startedAtMs: 1_009,
      durationMs: 1.5,
    }),
  ];
  expect(waterfallLines(spans, { columns: 46 })).toEqual([
    "terminal pay         ████████████████  16.0 ms",
    "reader     read card   ████             4.0 ms",
    "terminal   submit            ████████   8.0 ms",
    "relay        record           █▌        1.5 ms",
  ]);
});

test.each([
  { name: "no spans", spans: [], lines: ["no spans"] },
  {
    name: "a span whose parent was not written",
    spans: [span({ parentSpanId: "missing" })],
    lines: ["terminal pay ████████████  16.0 ms"],
  },
  {
    name: "a moment without length",
    spans: [span({ durationMs: 0 })],
    lines: ["terminal pay ▏              0.0 ms"],
  },
  {
    name: "a failed span",
    spans: [span({ isError: true })],
    lines: ["terminal pay ████████████  16.0 ms ✗"],
  },
  {
    name: "a span that is its own parent",
    spans: [span({ parentSpanId: "a" })],
    lines: ["no spans"],
  },
])("$name", ({ spans, lines }) => {
  expect(waterfallLines(spans, { columns: 20 })).toEqual(lines);
});

test("a short span at the very end is still visible", () => {
  const spans = [
    span({}),
    span({ spanId: "b", parentSpanId: "a", startedAtMs: 1_016, durationMs: 0.01 }),
  ];
  expect(waterfallLines(spans)[1]).toMatch(/ █ +0\.0 ms$/);
});

test("lines are as wide as asked for", () => {
  const spans = [span({ name: "n".repeat(200) }), span({ spanId: "b", parentSpanId: "a" })];
  const widths = waterfallLines(spans, { columns: 100 }).map((line) => line.length);
  expect(widths).toEqual([100, 100]);
});
