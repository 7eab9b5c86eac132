import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { startEmbeddedPostgres } from "../../prisma/embedded/embedded-postgres.ts";
import { environment } from "../../settings/environment.ts";
import { TOOLS } from "../fixtures/grpcurl.ts";
import { canUse } from "../fixtures/required.ts";
import { freePort } from "./free-port.ts";
import { shellBlocks } from "./shell-blocks.ts";
import { has } from "./toolchains.ts";

const PAGE_MS = 300_000;
const ADDRESSES = ["READER", "TERMINAL", "RELAY", "PROCESSOR", "PIN_SERVICE"];
/** Before each block, so that what comes out of it can be told apart. */
const MARK = "--- next block";

const hasTools = [
  canUse("grpcurl", existsSync(join(TOOLS, "grpcurl"))),
  ...["psql", "openssl"].map((name) => canUse(name, has(name))),
].every(Boolean);
const blocks = shellBlocks(readFileSync("docs/running.md", "utf8"));

/** All blocks in one bash, as a person types them; its programs end with it. */
async function runPage(given: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const steps = blocks.map(({ script }) => `echo '${MARK}'\n${script}`);
  const whole = ["set -euo pipefail", "trap 'kill $(jobs -p) || true' EXIT", ...steps].join("\n");
  const env = { ...environment, ...given, PATH: `${TOOLS}:${environment.PATH}` };
  const { stdout } = await promisify(execFile)("bash", ["-c", whole], { env, timeout: PAGE_MS });
  return stdout.split(`${MARK}\n`).slice(1);
}

describe.skipIf(!hasTools)("docs/running.md (npm run test:polyglot installs grpcurl)", () => {
  test(
    "its commands start every program by itself against a PostgreSQL, and stop it in order",
    async () => {
      await using home = await temporaryDirectory();
      const dataDirectory = join(home.path, "postgres");
      await using postgres = await startEmbeddedPostgres({ dataDirectory });
      const ports = await Promise.all(ADDRESSES.map(() => freePort()));
      const addresses = ADDRESSES.map((name, index) => [name, `127.0.0.1:${ports[index]}`]);
      const outputs = await runPage({
        DATA: join(home.path, "by-hand"),
        POSTGRES_ADMIN: postgres.url("postgres"),
        POSTGRES_ADDRESS: `127.0.0.1:${postgres.port}`,
        ...Object.fromEntries(addresses),
      });
      expect(outputs).toHaveLength(blocks.length);
      for (const [index, block] of blocks.entries()) {
        for (const text of block.outputs) expect(outputs[index], block.name).toContain(text);
      }
    },
    PAGE_MS,
  );
});
