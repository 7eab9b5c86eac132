// The bill of materials, CycloneDX as JSON: npm run sbom [-- FILE]

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isOfDevelopment, makeSbom } from "./sbom.ts";

const root = join(import.meta.dirname, "../..");
const file = resolve(process.argv[2] ?? join(root, ".cardlane/sbom.cdx.json"));
const sbom = makeSbom(root);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(sbom, null, 2)}\n`);
const development = sbom.components.filter(isOfDevelopment).length;
const shipped = sbom.components.length - development;
console.log(`${file}: ${shipped} packages that are shipped, ${development} of development`);
