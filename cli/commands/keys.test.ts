import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { commandLine } from "../command-line.ts";
import { runCommand } from "../run-command.ts";
import { recordedIo } from "../testing/recorded-io.ts";

test.each([
  { words: ["keys", "make"], hasTls: false },
  { words: ["keys", "make", "--tls"], hasTls: true },
])("$words makes the keys of every program; certificates: $hasTls", async ({ words, hasTls }) => {
  await using home = await temporaryDirectory();
  const data = join(home.path, "data");
  const io = recordedIo();
  expect(await runCommand(io, commandLine, [...words, "--data-dir", data])).toBe(0);
  expect(io.told.join("\n")).toMatch(/development keys +made/);
  expect(existsSync(join(data, "keys", "relay", "certificate.json"))).toBe(true);
  expect(existsSync(join(data, "tls", "operator", "key.pem"))).toBe(hasTls);
  // Again: what is there stays.
  const again = recordedIo();
  expect(await runCommand(again, commandLine, [...words, "--data-dir", data])).toBe(0);
  expect(again.told.join("\n")).toMatch(/development keys +already there/);
});
