import { expect, test } from "vitest";
import { isLoopback } from "./loopback.ts";

test.each([
  ["localhost", true],
  ["127.0.0.1", true],
  ["127.8.9.10", true],
  ["::1", true],
  ["[::1]", true],
  ["127.evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["localhost.evil.example", false],
  ["evil.localhost", false],
  ["128.0.0.1", false],
  ["::2", false],
  ["0.0.0.0", false],
  ["", false],
])("%j is this machine: %s", (host, isThisMachine) => {
  expect(isLoopback(host)).toBe(isThisMachine);
});
