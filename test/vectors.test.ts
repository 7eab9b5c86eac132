import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { VECTOR_FILES, vectorJson } from "./vector-makers/all.ts";
import { verdictOf } from "./vector-makers/vector.ts";

describe.each(VECTOR_FILES)("$name", (file) => {
  test.each(file.vectors)("$name: $expect", ({ given, expect: expected }) => {
    expect(verdictOf(file, given).expect).toBe(expected);
  });

  test("the committed file is what the script makes (npm run vectors)", () => {
    expect(readFileSync(`test/vectors/${file.name}.json`, "utf8")).toBe(vectorJson(file));
  });

  test("names are unique, and there are refusals as well as acceptances", () => {
    const names = file.vectors.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const verdicts = new Set(file.vectors.map((vector) => vector.expect === "accepted"));
    expect(verdicts.size).toBe(2);
  });
});
