import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sentencesOf, wordsOf } from "./prose.ts";
import { filesOf, root } from "./source-file.ts";

const WORDS_MAX = 25;

/** Written from something else, of other teams, or older than this rule. */
const EXEMPT = [
  "CHANGELOG.md",
  "bench/README.md",
  // From comments of proto/.
  "docs/contracts.md",
  "docs/results.md",
];

const documents = filesOf("**/*.md").filter(
  (path) => !EXEMPT.includes(path) && !/^docs\/decisions\/\d/.test(path),
);

describe("documents", () => {
  test.each(documents)(`%s has no sentence over ${WORDS_MAX} words`, (path) => {
    const long = sentencesOf(read(path)).filter(({ words }) => words > WORDS_MAX);
    expect(long.map(({ words, text }) => `${words}: ${text}`)).toEqual([]);
  });

  test.each(documents)('%s says "cannot", not "can not"', (path) => {
    expect(wordsOf(read(path)).match(/.{0,40}\bcan not\b.{0,40}/gi) ?? []).toEqual([]);
  });
});

describe("sentences", () => {
  test.each([
    { name: "a paragraph over lines", text: "One two\nthree. Four!", words: [3, 1] },
    { name: "small letters at the start", text: "It ends. buf begins.", words: [2, 2] },
    { name: "an abbreviation", text: "A fault, e.g. a cut, ends it.", words: [7] },
    { name: "an initial", text: "Ask J. Doe. He knows.", words: [3, 2] },
    { name: "dots that go on", text: "It waits … and goes on.", words: [5] },
    { name: "a number with a point", text: "It takes 12.50 EUR in 1.5 s.", words: [7] },
    { name: "a name with a point", text: "Node.js runs mesh.md here.", words: [4] },
    { name: "code with points and spaces", text: "Run `npm test. Now` once.", words: [3] },
    { name: "code at the start", text: "It ends. `x` begins.", words: [2, 2] },
    { name: "a link", text: "See [the two. words](a.md#b c), then go.", words: [3, 3] },
    { name: "a quotation", text: 'He says "stop." Then he goes.', words: [3, 3] },
    { name: "a bracket", text: "It works (so far.) It did.", words: [4, 2] },
    { name: "a colon and a semicolon", text: "One: two; three.", words: [3] },
    {
      name: "items of a list",
      text: "Two kinds:\n* one of\n  them\n* other\n1. last",
      words: [2, 3, 1, 1],
    },
    { name: "marks and dashes", text: "**Bold** _words_ – and `a` · 2.", words: [5] },
    { name: "snake_case", text: "A snake_case word.", words: [3] },
    { name: "no code block", text: "One.\n```sh\nnpm start a b\n```\nTwo.", words: [1, 1] },
    { name: "no table and no heading", text: "# A title\n| a | b |\n|---|---|\nOne.", words: [1] },
    { name: "a quoted paragraph", text: "> One two\n> three.", words: [3] },
  ])("$name", ({ text, words }) => {
    expect(sentencesOf(text).map((sentence) => sentence.words)).toEqual(words);
  });

  test("what people read has no code, but the cells of tables", () => {
    const text = "| it can\nnot | `can not` |\n```\ncan not\n```\n";
    expect(wordsOf(text).match(/can not/g)).toEqual(["can not"]);
  });
});

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
