// Writes docs/settings.md from the settings that the code declares: npm run settings

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsPage } from "./settings-page.ts";

const page = join(import.meta.dirname, "../../docs/settings.md");
writeFileSync(page, settingsPage());
console.log(page);
