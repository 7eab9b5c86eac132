import { expect, test } from "vitest";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { plainPaint as paint } from "../print/text.ts";
import { StepLines } from "./step-lines.ts";

function recordedSteps() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const statuses: string[] = [];
  const steps = new StepLines({
    tell: (line) => void lines.push(line),
    showStatus: (text) => void statuses.push(text.trim()),
    clock,
    paint,
  });
  return { steps, clock, lines, statuses };
}

test("a step that is done says what came of it and how long it took", async () => {
  const { steps, clock, lines } = recordedSteps();
  const work = async () => {
    await clock.advance(1_250);
    return "127.0.0.1:7403";
  };
  expect(await steps.step("relay", work, (address) => address)).toBe("127.0.0.1:7403");
  expect(lines).toEqual(["  ✓ relay                127.0.0.1:7403       1.3 s"]);
});

test("a step that failed is marked, and its error goes on", async () => {
  const { steps, lines } = recordedSteps();
  const failure = new Error("port in use");
  await expect(steps.step("relay", () => Promise.reject(failure))).rejects.toBe(failure);
  expect(lines).toEqual(["  ✗ relay                                    0.0 ms"]);
});

test("what is under way is shown until it is done, steps side by side", async () => {
  const { steps, statuses } = recordedSteps();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const both = [
    steps.step("reader", () => first.promise),
    steps.step("PostgreSQL", () => second.promise),
  ];
  first.resolve();
  await both[0];
  second.resolve();
  await both[1];
  expect(statuses).toEqual(["… reader", "… reader, PostgreSQL", "… PostgreSQL", ""]);
});
