// Sets everything up, then runs the given script: node set-up/set-up.mjs <script> [arguments]
//
// Runs under whatever Node the machine has, with nothing installed: plain JavaScript, no packages.

import { fileURLToPath } from "node:url";
import { handOver } from "./hand-over.mjs";
import { prepare } from "./prepare.mjs";

/** The folder of package.json, with a slash at its end. */
const root = fileURLToPath(new URL("../", import.meta.url));

/** Sets up, then runs a script of this project under the pinned Node and ends as it ends. */
export async function setUpAndRun(script, scriptArguments) {
  try {
    const node = await prepare(root);
    handOver({ root, node, script: root + script, scriptArguments });
  } catch (error) {
    process.stderr.write(`cardlane: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [script, ...scriptArguments] = process.argv.slice(2);
  if (script === undefined) {
    process.stderr.write("cardlane: usage: node set-up/set-up.mjs <script> [arguments]\n");
    process.exitCode = 1;
  } else {
    await setUpAndRun(script, scriptArguments);
  }
}
