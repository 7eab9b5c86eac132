import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { chainInFile } from "./key-file.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index);
const NEXT = SECRET.map((byte) => byte ^ 255);

test("what was written is read, by its owner alone", async () => {
  await using home = await temporaryDirectory();
  const path = join(home.path, "minute-keys");
  const chain = chainInFile(path);
  expect(chain.read()).toBeUndefined();
  chain.write({ minute: 29_000_000, secret: SECRET });
  expect(chain.read()).toEqual({ minute: 29_000_000, secret: Buffer.from(SECRET) });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chain.write({ minute: 29_000_001, secret: NEXT });
  expect(chainInFile(path).read()?.minute).toBe(29_000_001);
  expect(await readdir(home.path)).toEqual(["minute-keys"]);
});

test("the bytes of the file before are gone from the disk's own file, too", async () => {
  await using home = await temporaryDirectory();
  const path = join(home.path, "minute-keys");
  const chain = chainInFile(path);
  chain.write({ minute: 29_000_000, secret: SECRET });
  const before = openSync(path, "r");
  try {
    chain.write({ minute: 29_000_001, secret: NEXT });
    const bytes = Buffer.alloc(statSync(path).size);
    expect(readSync(before, bytes, 0, bytes.length, 0)).toBe(bytes.length);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  } finally {
    closeSync(before);
  }
});

test.each([
  { what: "empty", text: "" },
  { what: "of zeros, as after a power cut", text: "\0".repeat(79) },
  { what: "cut short", text: "cardlane minute secret 1\n29000000\nAAECAwQFBgcICQoLDA0ODxAREh" },
  { what: "of another version", text: `cardlane minute secret 2\n29000000\n${"A".repeat(43)}\n` },
  { what: "another one", text: "SQLite format 3" },
])("a file that is $what is none, and can be written", async ({ text }) => {
  await using home = await temporaryDirectory();
  const path = join(home.path, "minute-keys");
  writeFileSync(path, text);
  const chain = chainInFile(path);
  expect(chain.read()).toBeUndefined();
  chain.write({ minute: 29_000_000, secret: SECRET });
  expect(chain.read()?.minute).toBe(29_000_000);
  expect(readFileSync(path, "latin1")).toContain("cardlane minute secret 1");
});

test("a folder that is not there is named", async () => {
  await using home = await temporaryDirectory();
  const chain = chainInFile(join(home.path, "none", "minute-keys"));
  expect(() => chain.write({ minute: 1, secret: SECRET })).toThrow(/ENOENT.*none/);
});
