import { expect, test } from "vitest";
import { Dice } from "../../chaos/dice.ts";
import { DOORS } from "../doors.ts";
import { FRAME, PREFACE } from "../wire/http2-frames.ts";
import { caseLines, fuzzCase } from "./fuzz-case.ts";
import { http2Script } from "./http2-script.ts";
import { knownKillers } from "./known-killers.ts";
import { inSegments } from "./segments.ts";

const cases = (seed: string, count: number) =>
  Array.from({ length: count }, (_, index) => fuzzCase(seed, index + 1, DOORS));

test("the same seed and number are the same bytes, another of either are others", () => {
  const lines = (seed: string, number: number) => caseLines(fuzzCase(seed, number, DOORS));
  expect(lines("a", 4)).toEqual(lines("a", 4));
  expect(lines("b", 4)).not.toEqual(lines("a", 4));
  expect(lines("a", 4 + DOORS.length)).not.toEqual(lines("a", 4));
});

test("a frame of no bytes cannot be damaged, and is a case all the same", () => {
  expect(fuzzCase("3", 6_207, DOORS).pieces.length).toBeGreaterThan(0);
});

test("every port gets its turn, over TLS as everybody, and every way to leave", () => {
  const many = cases("all", 1_200);
  expect(new Set(many.map(({ door }) => door.name)).size).toBe(DOORS.length);
  expect(new Set(many.map(({ ending }) => ending))).toEqual(
    new Set(["end", "reset", "answer", "silence"]),
  );
  expect(new Set(many.map(({ entrance }) => entrance))).toEqual(
    new Set([undefined, "peer", "stranger", "nobody", "no handshake"]),
  );
});

test("frames of every type are sent, and of types that there are not", () => {
  const types = new Set<number>();
  const [, , relay] = DOORS;
  for (let run = 0; run < 200; run += 1) {
    const script = http2Script(new Dice(`types ${run}`), relay?.methods ?? []);
    for (const frame of script) types.add(frame[3] ?? -1);
  }
  for (const type of Object.values(FRAME)) expect(types).toContain(type);
  expect([...types].some((type) => type > FRAME.CONTINUATION)).toBe(true);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("cutting changes no byte (seed %i)", (seed) => {
  const pieces = [PREFACE, Buffer.from("one"), Buffer.alloc(300, 7)];
  const cut = inSegments(new Dice(`cut ${seed}`), pieces);
  expect(Buffer.concat(cut)).toEqual(Buffer.concat(pieces));
  expect(cut.every(({ byteLength }) => byteLength > 0)).toBe(true);
});

test("the segment that ended every program once is among the known killers", () => {
  const [reader] = DOORS;
  if (reader === undefined) throw new Error("bug: there is no door");
  const names = knownKillers(reader).map(({ name }) => name);
  expect(names).toContain("DATA on stream 0, with /cardlane.reader.v1.ReaderService/Session");
  expect(names).toContain(
    'a reset that follows "expect: 100-continue" at once, with /nothing/Here',
  );
});
