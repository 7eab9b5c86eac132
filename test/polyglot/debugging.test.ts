import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import { TOOLS } from "../fixtures/grpcurl.ts";
import { canUse } from "../fixtures/required.ts";
import { type MeshFixture, startTestMesh } from "../mesh/mesh-fixture.ts";
import { pay } from "../mesh/pay.ts";
import { shellBlocks } from "./shell-blocks.ts";

const COMMAND_MS = 30_000;

/** The page's addresses are those of `npm start`; here each program has a port of its own. */
const ADDRESSES: Readonly<Record<string, ProgramName>> = {
  "127.0.0.1:7401": "reader",
  "127.0.0.1:7402": "terminal",
  "127.0.0.1:7403": "relay",
  "127.0.0.1:7404": "processor",
  "127.0.0.1:7405": "pin-service",
};

const hasTools = ["grpcurl", "ghz"].every((name) => canUse(name, existsSync(join(TOOLS, name))));
const [setUp, ...blocks] = shellBlocks(readFileSync("docs/debugging.md", "utf8"));
let fixture: MeshFixture;

beforeAll(async () => {
  fixture = await startTestMesh();
  await pay(fixture.mesh);
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

async function runBlock(script: string): Promise<{ exitCode: number; text: string }> {
  const whole = `${setUp?.script}\n${script}`.replaceAll(/127\.0\.0\.1:740\d/g, addressOf);
  try {
    const { stdout, stderr } = await promisify(execFile)("bash", ["-c", whole]);
    return { exitCode: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, text: stdout + stderr };
  }
}

function addressOf(documented: string): string {
  const program = ADDRESSES[documented];
  return program === undefined ? documented : fixture.mesh.addresses[program];
}

describe.skipIf(!hasTools)("docs/debugging.md (npm run test:polyglot installs the tools)", () => {
  test.each(blocks)(
    "$name",
    async ({ script, outputs, exitCode }) => {
      const done = await runBlock(script);
      for (const output of outputs) expect(done.text).toContain(output);
      expect({ exitCode: done.exitCode, text: done.text }).toMatchObject({ exitCode });
    },
    COMMAND_MS,
  );

  test("every block says what comes out of it", () => {
    expect(blocks.filter(({ outputs }) => outputs.length === 0)).toEqual([]);
    expect(blocks.length).toBeGreaterThan(25);
  });
});
