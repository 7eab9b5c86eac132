import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./source-file.ts";

const [, ownWords = ""] = readFileSync(join(root, "docs/glossary.md"), "utf8").split(
  "## Words of this code",
);

const rows = [...ownWords.matchAll(/^\| (.+?) \| .* \| \[`(.+)`\]\(\.\.\/(.+)\) \|$/gm)].map(
  ([, words = "", path = "", target = ""]) => ({ words, path, target }),
);

test("a word of this code is used in the file that it is said to live in", () => {
  const wrong = rows.filter(({ words, path }) => {
    const text = withoutGaps(readFileSync(join(root, path), "utf8"));
    return !words.split(", ").every((word) => text.includes(withoutGaps(word)));
  });
  expect(wrong).toEqual([]);
});

test("every row is read, and its link is the path it shows", () => {
  const lines = ownWords.split("\n").filter((line) => /^\| (?!word|-)/.test(line));
  expect(rows.length).toBe(lines.filter((line) => !line.startsWith("|-")).length);
  expect(rows.filter(({ path, target }) => path !== target)).toEqual([]);
});

/** `claim number`, `claim_number` and `claimNumber` are one word. */
function withoutGaps(text: string): string {
  return text.toLowerCase().replaceAll(/[\s_-]/g, "");
}
