import { describe, expect, test } from "vitest";
import { parseMachineTicks, parseProcessTicks, ticksOfTree } from "./proc.ts";

/** The state, the parent and what stands between it and the times. */
const stat = (pid: number, name: string, parent: number, times: string) =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 1 2 3 4 ${times} 20 0 1 0 77 88 99\n`;

describe("the CPU of a process", () => {
  test.each([
    { what: "a plain name", name: "postgres" },
    { what: "a name with spaces", name: "tmux: server" },
    { what: "a name with brackets and numbers", name: "a) S 1 (b) 2" },
  ])("is read behind $what", ({ name }) => {
    expect(parseProcessTicks(stat(41, name, 7, "10 20 300 400"))).toEqual({
      pid: 41,
      parent: 7,
      own: 30,
      ofEndedChildren: 700,
    });
  });

  test("is nothing for a process that has ended", () => {
    expect(parseProcessTicks("")).toMatchObject({ own: 0, ofEndedChildren: 0 });
  });
});

describe("the CPU of the machine", () => {
  test.each([
    {
      what: "interrupts are nobody's, waiting is idle, guests are in their users",
      line: "cpu  100 20 30 4000 500 6 7 8 90 9",
      ticks: { processes: 150, stolen: 8, all: 4_671 },
    },
    {
      what: "an old kernel knows nothing stolen",
      line: "cpu  1 2 3 4 5 6 7",
      ticks: { processes: 6, stolen: 0, all: 28 },
    },
  ])("$what", ({ line, ticks }) => {
    expect(parseMachineTicks(`${line}\ncpu0 9 9 9 9 9 9 9 9 9 9\nintr 1\n`)).toEqual(ticks);
  });
});

describe("the CPU of a process and its descendants", () => {
  const all = [
    { pid: 1, parent: 0, own: 1_000, ofEndedChildren: 9_000 },
    { pid: 10, parent: 1, own: 1, ofEndedChildren: 20 },
    { pid: 11, parent: 10, own: 300, ofEndedChildren: 4_000 },
    { pid: 12, parent: 11, own: 50_000, ofEndedChildren: 0 },
    { pid: 13, parent: 1, own: 7, ofEndedChildren: 0 },
  ];

  test.each([
    { root: 10, ticks: 54_321 },
    { root: 12, ticks: 50_000 },
    { root: 13, ticks: 7 },
    { root: 14, ticks: 0 },
  ])("of $root is $ticks", ({ root, ticks }) => {
    expect(ticksOfTree(root, all)).toBe(ticks);
  });
});
