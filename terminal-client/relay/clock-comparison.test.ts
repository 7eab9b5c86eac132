import { expect, test } from "vitest";
import { wrongClock } from "./clock-comparison.ts";

const NOW_MS = 1_767_225_600_000;
const MINUTE_MS = 60_000;

test.each([
  { name: "all right", relay: 0, terminal: 0, reader: 0, words: undefined },
  { name: "all within a minute", relay: 0, terminal: -1, reader: 1, words: undefined },
  { name: "nobody says", relay: undefined, terminal: 99, reader: undefined, words: undefined },
  {
    name: "a slow reader",
    relay: 0,
    terminal: 0,
    reader: -5,
    words: "reader's clock is 5 minutes slow",
  },
  {
    name: "a fast terminal",
    relay: 0,
    terminal: 7,
    reader: 7,
    words: "terminal's clock is 7 minutes fast",
  },
  {
    name: "a relay that does not say",
    relay: undefined,
    terminal: 0,
    reader: 9,
    words: "reader's clock is 9 minutes fast",
  },
  {
    name: "a reader that does not say",
    relay: 0,
    terminal: -3,
    reader: undefined,
    words: "terminal's clock is 3 minutes slow",
  },
])("$name", ({ relay, terminal, reader, words }) => {
  const at = (minutes: number | undefined) =>
    minutes === undefined ? undefined : NOW_MS + minutes * MINUTE_MS;
  const error = wrongClock({
    relayMs: at(relay),
    terminalMs: NOW_MS + terminal * MINUTE_MS,
    readerMs: at(reader),
  });
  expect(error?.code).toBe(words && "CLOCK_WRONG");
  expect(error?.message).toBe(words && `the ${words}; set it right`);
});
