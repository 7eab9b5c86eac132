import { expect, test } from "vitest";
import {
  choice,
  flag,
  hostPort,
  hostPorts,
  integer,
  optional,
  readConfig,
  spiffeUri,
  text,
  withDefault,
} from "./config.ts";

const SETTINGS = {
  listen: withDefault(hostPort("CARDLANE_LISTEN", "where to listen"), "127.0.0.1:7001"),
  processors: hostPorts("CARDLANE_PROCESSORS", "where the processors are"),
  databaseUrl: text("DATABASE_URL", "where the relay keeps its records"),
  batchSize: withDefault(integer("CARDLANE_BATCH", "rows per statement", { min: 1, max: 256 }), 64),
  mode: withDefault(choice("CARDLANE_MODE", "how", ["fast", "careful"]), "fast"),
  isVerbose: withDefault(flag("CARDLANE_VERBOSE", "say more"), false),
  upstream: optional(spiffeUri("CARDLANE_UPSTREAM", "who the processor must be")),
};
const SUFFICIENT = { CARDLANE_PROCESSORS: "[::1]:1, p2:2", DATABASE_URL: "postgres://u:p@h/d" };

test("values, defaults and what may be absent", () => {
  expect(readConfig("relay", SUFFICIENT, SETTINGS)).toEqual({
    listen: "127.0.0.1:7001",
    processors: ["[::1]:1", "p2:2"],
    databaseUrl: "postgres://u:p@h/d",
    batchSize: 64,
    mode: "fast",
    isVerbose: false,
    upstream: undefined,
  });
});

test("every problem is reported at once", () => {
  const environment = {
    CARDLANE_LISTEN: "7001",
    CARDLANE_BATCH: "257",
    CARDLANE_MODE: "slow",
    CARDLANE_VERBOSE: "yes",
    CARDLANE_UPSTREAM: "https://x",
    DATABASE_URL: "",
  };
  expect(() => readConfig("relay", environment, SETTINGS)).toThrow(
    [
      "relay cannot start:",
      '  CARDLANE_LISTEN must be host:port, got "7001"',
      "  CARDLANE_PROCESSORS must be set: where the processors are",
      "  DATABASE_URL must be set: where the relay keeps its records",
      '  CARDLANE_BATCH must be a whole number from 1 to 256, got "257"',
      '  CARDLANE_MODE must be one of fast, careful, got "slow"',
      '  CARDLANE_VERBOSE must be true or false, got "yes"',
      '  CARDLANE_UPSTREAM must be spiffe://trust-domain/path, got "https://x"',
    ].join("\n"),
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
    const setting = { batch: integer("BATCH", "rows", { min: 1, max: 256 }) };
    expect(() => readConfig("relay", { BATCH: value }, setting)).toThrow("BATCH must be");
  },
);

test("a value that may hold a secret is not repeated", () => {
  const setting = { url: hostPort("URL", "where") };
  const environment = { URL: "postgres://user:secret@host/x" };
  expect(() => readConfig("relay", environment, setting)).toThrow(
    "URL must be host:port, got something else",
  );
});
