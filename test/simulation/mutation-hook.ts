// Preloaded with --import: files are read with the mutation that CARDLANE_MUTATION names.

import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { MUTATIONS, mutated } from "./mutations.ts";

const root = join(import.meta.dirname, "../..");
const paths = new Set(MUTATIONS.map(({ path }) => path));

registerHooks({
  load(url, context, nextLoad) {
    const file = url.startsWith("file:") ? fileURLToPath(url) : undefined;
    const path = file === undefined ? undefined : relative(root, file).replaceAll("\\", "/");
    if (file === undefined || path === undefined || !paths.has(path)) return nextLoad(url, context);
    const source = mutated(path, readFileSync(file, "utf8"));
    return { format: "module-typescript", source, shortCircuit: true };
  },
});
