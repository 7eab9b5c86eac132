// Writes the vectors for other implementations: npm run vectors

import { writeFileSync } from "node:fs";
import { VECTOR_FILES, vectorJson } from "./all.ts";

for (const file of VECTOR_FILES) {
  writeFileSync(`test/vectors/${file.name}.json`, vectorJson(file));
  console.log(`test/vectors/${file.name}.json: ${file.vectors.length} vectors`);
}
