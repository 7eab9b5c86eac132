// Generates the Prisma clients of the databases whose schema changed since the last time.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Inside the generated client, so that deleting the client also forgets that it was made. */
const STAMP = join("client", ".made-from");

/** Writes `prisma/<name>/client` for each `prisma/<name>/schema.prisma`. */
export function generateClients({ root, node, tell }) {
  const prisma = join(root, "prisma");
  const names = readdirSync(prisma).filter((name) =>
    existsSync(join(prisma, name, "schema.prisma")),
  );
  for (const name of names) {
    const directory = join(prisma, name);
    const wanted = fingerprint(root, directory);
    const stamp = join(directory, STAMP);
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) continue;
    tell(`generating the ${name}'s database client …`);
    generate({ root, node, schema: join(directory, "schema.prisma") });
    writeFileSync(stamp, wanted);
  }
}

/** Changes with the schema and with the generator. */
function fingerprint(root, directory) {
  const generator = JSON.parse(
    readFileSync(join(root, "node_modules/prisma/package.json"), "utf8"),
  );
  return createHash("sha256")
    .update(generator.version)
    .update(readFileSync(join(directory, "schema.prisma")))
    .digest("hex");
}

function generate({ root, node, schema }) {
  const { status, stdout, stderr } = spawnSync(
    node,
    [
      join(root, "node_modules/prisma/build/index.js"),
      "generate",
      "--no-hints",
      "--schema",
      schema,
    ],
    {
      cwd: root,
      encoding: "utf8",
      env: {
        ...process.env,
        CHECKPOINT_DISABLE: "1",
        // Generating needs no engine, but insists on downloading one unless a file is named here.
        PRISMA_SCHEMA_ENGINE_BINARY: node,
      },
    },
  );
  if (status !== 0) throw new Error(`prisma generate failed for ${schema}\n${stdout}${stderr}`);
}
