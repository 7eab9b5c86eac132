import { expect, test } from "vitest";
import { circlesAmong, pairsOf, roomOf } from "./rooms.ts";

test.each([
  ["relay/notifications/smpp/pdu.ts", "relay", "relay/notifications"],
  ["relay/open-relay.ts", "relay", "relay/open-relay.ts"],
  ["processor/settings.ts", "relay", undefined],
  ["vitest.config.ts", "relay", undefined],
])("the room of %s in %s is %s", (path, top, room) => {
  expect(roomOf(path, top)).toBe(room);
});

test.each([
  ["nothing", [], []],
  ["a chain", ["a b", "b c", "a c"], []],
  ["one that needs itself", ["a a"], []],
  ["two that need each other", ["a b", "b a"], ["a needs b", "b needs a"]],
  [
    "a circle with ways in and out",
    ["w a", "a b", "b c", "c a", "c o"],
    ["a needs b", "b needs c", "c needs a"],
  ],
] as const)("circles among %s", (_name, needs, circles) => {
  expect(circlesAmong(needs.map(need))).toEqual(circles);
});

test("a pair is named once, a longer circle is no pair", () => {
  expect(pairsOf(["a b", "b a", "b c", "c d", "d b"].map(need))).toEqual(["a and b"]);
});

function need(text: string): { from: string; to: string } {
  const [from = "", to = ""] = text.split(" ");
  return { from, to };
}
