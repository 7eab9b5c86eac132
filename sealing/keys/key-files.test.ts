import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeyFolder } from "./key-files.ts";

let directory: string;
let folder: KeyFolder;
const secretKey = new Uint8Array(32).fill(7);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cardlane-keys-"));
  folder = new KeyFolder(directory);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

test("a key comes back, and only its owner may read it", () => {
  folder.writeKey({ purpose: "signing", keyId: "", isDevelopment: true, secretKey });
  expect(folder.readKey("signing")).toEqual(secretKey);
  expect(statSync(join(directory, "signing.key.json")).mode & 0o777).toBe(0o600);
});

test("several generations of a key are told apart by id", () => {
  for (const keyId of ["00112233445566aa", "00112233445566bb"]) {
    folder.writeKey({ purpose: "card", keyId, isDevelopment: true, secretKey });
  }
  expect(folder.readKeys("card").map(({ keyId }) => keyId)).toEqual([
    "00112233445566aa",
    "00112233445566bb",
  ]);
  expect(() => folder.readKey("card")).toThrow("several card keys");
});

test("a destroyed key is gone", () => {
  folder.writeKey({ purpose: "dukpt-initial", keyId: "", isDevelopment: true, secretKey });
  folder.destroyKey("dukpt-initial");
  expect(() => folder.readKey("dukpt-initial")).toThrow("no dukpt-initial.key.json");
});

test("a public key comes back", () => {
  folder.writePublicKey("pin-service", secretKey);
  expect(folder.readPublicKey("pin-service")).toEqual(secretKey);
});

test.each([
  { name: "garbage", content: "not JSON, 4242424242424242", message: /could not be read$/ },
  { name: "another purpose", content: '{"purpose":"hop"}', message: /is not a signing key$/ },
  {
    name: "a short key",
    content: '{"purpose":"signing","development":false,"secretKey":"AAAA"}',
    message: /must hold 16 or 32 bytes in base64, got 3$/,
  },
])("refuses $name and quotes nothing of it", ({ content, message }) => {
  writeFileSync(join(directory, "signing.key.json"), content);
  expect(() => folder.readKey("signing")).toThrow(message);
  expect(() => folder.readKey("signing")).not.toThrow(/4242/);
});

test("development keys are refused in production", () => {
  folder.writeKey({ purpose: "signing", keyId: "", isDevelopment: true, secretKey });
  vi.stubEnv("NODE_ENV", "production");
  expect(() => folder.readKey("signing")).toThrow("refused in production");
});
