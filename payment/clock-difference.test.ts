import { expect, test } from "vitest";
import { CLOCK_TOLERANCE_MS, clockError } from "./clock-difference.ts";

test.each([0, 1, -1, CLOCK_TOLERANCE_MS, -CLOCK_TOLERANCE_MS])(
  "a clock that is %i ms ahead is right",
  (aheadMs) => {
    expect(clockError("the reader", aheadMs)).toBeUndefined();
  },
);

test.each([
  [CLOCK_TOLERANCE_MS + 1, "60 seconds fast"],
  [-119_000, "119 seconds slow"],
  [-300_000, "5 minutes slow"],
  [7_200_000, "2 hours fast"],
  [86_400_000, "24 hours fast"],
  [-365 * 86_400_000, "365 days slow"],
])("a clock that is %i ms ahead is %s", (aheadMs, size) => {
  expect(clockError("the reader", aheadMs)).toMatchObject({
    code: "CLOCK_WRONG",
    message: `the reader's clock is ${size}; set it right`,
  });
});
