import { boxResults } from "./box-results.ts";
import { boxes } from "./boxes.ts";
import { contexts } from "./contexts.ts";
import { errors } from "./errors.ts";
import { hopBoxes } from "./hop-boxes.ts";
import { pinBlocks } from "./pin-blocks.ts";
import { results } from "./results.ts";
import { saltSessions } from "./salt-sessions.ts";
import { signatures } from "./signatures.ts";
import { type Vector, type VectorFile, verdictOf } from "./vector.ts";

/** All vectors for other implementations, in the order of docs/conformance.md. */
export const VECTOR_FILES: readonly VectorFile[] = [
  contexts,
  signatures,
  boxes,
  pinBlocks,
  saltSessions,
  hopBoxes,
  boxResults,
  results,
  errors,
];

/** The file as it is committed, with what an accepted vector gives. */
export function vectorJson(file: VectorFile): string {
  const vectors = file.vectors.map((vector): Vector => {
    const { gives } = verdictOf(file, vector.given);
    return gives === undefined ? vector : { ...vector, gives };
  });
  return `${JSON.stringify({ about: file.about, vectors }, null, 1)}\n`;
}
