#!/usr/bin/env node
// The `cardlane` command: sets up what is missing, then runs cli/main.ts.

import { setUpAndRun } from "../../set-up/set-up.mjs";

await setUpAndRun("cli/main.ts", process.argv.slice(2));
