import { expect, test } from "vitest";
import { readConfig } from "./read-config.ts";
import {
  hostPort,
  hostPorts,
  integer,
  oneOf,
  type Setting,
  setting,
  switchedOn,
  text,
} from "./setting.ts";

const says = "what it is for. And more about it.";
const SETTINGS = {
  listen: setting({ name: "CARDLANE_LISTEN", reads: hostPort, default: "127.0.0.1:7001", says }),
  processors: setting({ name: "CARDLANE_PROCESSORS", reads: hostPorts, says }),
  databaseUrl: setting({ name: "DATABASE_URL", reads: text, secret: true, says }),
  itemsMax: setting({
    name: "CARDLANE_GROUP_MAX",
    reads: integer({ min: 1, max: 256, unit: "rows" }),
    default: "64",
    says,
  }),
  logLevel: setting({
    name: "CARDLANE_LOG_LEVEL",
    reads: oneOf(["info", "silent"]),
    default: "info",
    says,
  }),
  hasTestCards: setting({
    name: "CARDLANE_TEST_CARDS",
    reads: switchedOn,
    unset: "no test cards",
    refusedInProduction: "they are for trials",
    says,
  }),
};
const SUFFICIENT = { CARDLANE_PROCESSORS: "[::1]:1, p2:2", DATABASE_URL: "postgres://u:p@h/d" };

test("values, defaults and what may be absent", () => {
  expect(readConfig("relay", SUFFICIENT, SETTINGS)).toEqual({
    listen: "127.0.0.1:7001",
    processors: ["[::1]:1", "p2:2"],
    databaseUrl: "postgres://u:p@h/d",
    itemsMax: 64,
    logLevel: "info",
    hasTestCards: undefined,
  });
});

test("every problem is reported at once: what was expected, and what came", () => {
  const environment = {
    CARDLANE_LISTEN: "7001",
    CARDLANE_GROUP_MAX: "257",
    CARDLANE_LOG_LEVEL: "loud",
    CARDLANE_TEST_CARDS: "yes",
    DATABASE_URL: "",
  };
  expect(() => readConfig("relay", environment, SETTINGS)).toThrow(
    [
      "relay cannot start:",
      '  CARDLANE_LISTEN must be host:port, got "7001"',
      "  CARDLANE_PROCESSORS must be set: what it is for",
      "  DATABASE_URL must be set: what it is for",
      '  CARDLANE_GROUP_MAX must be a whole number from 1 to 256, got "257"',
      '  CARDLANE_LOG_LEVEL must be one of info, silent, got "loud"',
      '  CARDLANE_TEST_CARDS must be 1 or unset, got "yes"',
    ].join("\n"),
  );
});

test("production refuses what is for development", () => {
  const environment = { ...SUFFICIENT, CARDLANE_TEST_CARDS: "1" };
  expect(readConfig("relay", environment, SETTINGS)).toMatchObject({ hasTestCards: true });
  const production = { ...environment, NODE_ENV: "production" };
  expect(() => readConfig("relay", production, SETTINGS)).toThrow(
    "CARDLANE_TEST_CARDS is refused in production: they are for trials",
  );
});

test.each(["", "x", "h:70000", "h:", ":1", "a b:1", "h:1:2", "h:-1"])(
  "no host and port: %j",
  (value) => {
    const environment = { ...SUFFICIENT, CARDLANE_PROCESSORS: value };
    expect(() => readConfig("relay", environment, SETTINGS)).toThrow("CARDLANE_PROCESSORS must be");
  },
);

test.each(["1.5", "0x10", "1e2", "", "٣", "9".repeat(30), "0", "257", "-1"])(
  "no number from 1 to 256: %j",
  (value) => {
    const reads = integer({ min: 1, max: 256, unit: "rows" });
    const itemsMax = setting({ name: "CARDLANE_GROUP_MAX", reads, says });
    const environment = { CARDLANE_GROUP_MAX: value };
    expect(() => readConfig("relay", environment, { itemsMax })).toThrow("GROUP_MAX must be");
  },
);

test.each([
  { name: "a URL with a password", value: "postgres://user:hidden@host/x", secret: undefined },
  { name: "a secret, however plain", value: "hidden", secret: true },
] as const)("$name is not repeated", ({ value, secret }) => {
  const url: Setting<string> = { name: "DATABASE_URL", reads: hostPort, says };
  const settings = { url: { ...url, ...(secret && { secret }) } };
  expect(() => readConfig("relay", { DATABASE_URL: value }, settings)).toThrow(
    "DATABASE_URL must be host:port, got something else",
  );
});
