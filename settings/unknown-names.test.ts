import { expect, test } from "vitest";
import { SETTING_NAMES } from "./names.ts";
import { unknownNameLine, unknownNames } from "./unknown-names.ts";

test.each([
  { name: "CARDLANE_LISTN", says: "did you mean CARDLANE_LISTEN?" },
  { name: "CARDLANE_KEY_DIR", says: "did you mean CARDLANE_KEYS_DIR?" },
  { name: "CARDLANE_PROCESORS", says: "did you mean CARDLANE_PROCESSORS?" },
  { name: "CARDLANE_TLSDIR", says: "did you mean CARDLANE_TLS_DIR?" },
  { name: "CARDLANE_DEADLINE", says: "did you mean CARDLANE_DEADLINE_MS?" },
  { name: "CARDLANE_COLOUR", says: "docs/settings.md lists all" },
])("$name: $says", ({ name, says }) => {
  const unknown = unknownNames({ [name]: "1", CARDLANE_LISTEN: "here", PATH: "/bin", HOME: "/" });
  expect(unknown.map(unknownNameLine)).toEqual([`${name} is not a setting: ${says}`]);
});

test("no setting is unknown", () => {
  const all = Object.fromEntries(SETTING_NAMES.map((name) => [name, "1"]));
  expect(unknownNames(all)).toEqual([]);
});
