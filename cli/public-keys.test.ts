import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDevelopmentKeys } from "../dev-mesh/development-keys.ts";
import { MeshDirectory } from "../dev-mesh/mesh-directory.ts";
import { nodeCurves as curves } from "../sealing/curves/node-curves.ts";
import { seededRandom } from "../sealing/testing/seeded-random.ts";
import { commandLine } from "./command-line.ts";
import { publicKeysIn } from "./public-keys.ts";
import { runCommand } from "./run-command.ts";
import { recordedIo } from "./testing/recorded-io.ts";

function madeMesh(): Disposable & { readonly directory: MeshDirectory } {
  const directory = new MeshDirectory(mkdtempSync(join(tmpdir(), "cardlane-public-keys-")));
  const nowMs = Date.parse("2026-03-01T00:00:00Z");
  const random = seededRandom("public keys");
  makeDevelopmentKeys({ directory: directory.keys, nowMs, curves, random });
  return { directory, [Symbol.dispose]: () => rmSync(directory.path, { recursive: true }) };
}

/** Every private and secret key of the mesh, in the spellings in which it might slip out. */
function secretsIn({ keys }: MeshDirectory): string[] {
  const files = readdirSync(keys, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".key.json"))
    .map((file) => JSON.parse(readFileSync(join(keys, file), "utf8")).secretKey)
    .flatMap((secret) => [secret, Buffer.from(secret, "base64").toString("hex")]);
}

test("lists each key once, with holder, purpose, id and validity", () => {
  using mesh = madeMesh();
  const keys = publicKeysIn(mesh.directory);
  const names = keys.map(({ holder, purpose, keyId }) => `${holder}: ${purpose} ${keyId}`);
  expect(new Set(names).size).toBe(keys.length);
  expect(keys).toHaveLength(9 + 2 + 2 + 2 + 4 + 3 + 6);
  expect(keys.find(({ purpose }) => purpose === "card")).toEqual({
    holder: "processor",
    purpose: "card",
    kind: "X25519",
    keyId: expect.stringMatching(/^[0-9a-f]{16}$/),
    notBeforeMs: Date.parse("2026-02-28T23:00:00Z"),
    notAfterMs: Date.parse("2036-02-27T00:00:00Z"),
  });
});

test("the key id is the one in the private key's file name", () => {
  using mesh = madeMesh();
  const ids = publicKeysIn(mesh.directory).map(({ keyId }) => keyId);
  const files = readdirSync(mesh.directory.keys, { recursive: true, encoding: "utf8" });
  const inNames = files.flatMap((file) => /\.([0-9a-f]{16})\.key\.json$/.exec(file)?.[1] ?? []);
  expect(inNames).toHaveLength(13);
  expect(ids).toEqual(expect.arrayContaining(inNames));
});

test.each([
  { name: "as a table", options: [] },
  { name: "as JSON", options: ["--json"] },
])("keys show prints no secret, $name", async ({ options }) => {
  using mesh = madeMesh();
  const secrets = secretsIn(mesh.directory);
  const io = recordedIo();
  const words = ["keys", "show", "--data-dir", mesh.directory.path, ...options];
  expect(await runCommand(io, commandLine, words)).toBe(0);
  const shown = [...io.printed, ...io.told].join("\n");
  expect(shown).toContain("manifest-signer");
  expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  expect(secrets.length).toBeGreaterThan(50);
});

test("without keys it says what makes them", async () => {
  const io = recordedIo();
  const words = ["keys", "show", "--data-dir", "/nowhere"];
  expect(await runCommand(io, commandLine, words)).toBe(1);
  expect(io.told).toEqual(["error: no keys in /nowhere/keys: npm start makes them"]);
});
