// Has git check each commit: npm run hooks [-- --remove]

import { join } from "node:path";
import { installHook, removeHook } from "./commit-hook.ts";

const USAGE = "usage: npm run hooks [-- --remove]";

const root = join(import.meta.dirname, "../..");
const [option, ...more] = process.argv.slice(2);
if ((option !== undefined && option !== "--remove") || more.length > 0) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const { passed, says } = option === "--remove" ? removeHook(root) : installHook(root);
  if (passed) console.log(says);
  else console.error(`cardlane: ${says}`);
  process.exitCode = passed ? 0 : 1;
}
