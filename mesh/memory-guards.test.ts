import { expect, test } from "vitest";
import { type ProcessFacts, waysIntoMemory } from "./memory-guards.ts";

/** Lines of `/proc/self/limits`. */
const limits = (soft: string, hard: string) =>
  [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    "Max stack size            8388608              unlimited            bytes     ",
    `Max core file size        ${soft.padEnd(20)} ${hard.padEnd(20)} bytes     `,
  ].join("\n");

const GUARDED: ProcessFacts = {
  options: ["--disable-sigusr1"],
  inspectorUrl: undefined,
  limits: limits("0", "0"),
};

test.each<{ name: string; facts: Partial<ProcessFacts>; ways: readonly RegExp[] }>([
  { name: "nothing", facts: {}, ways: [] },
  {
    name: "a limit that the process could raise",
    facts: { limits: limits("0", "unlimited") },
    ways: [],
  },
  { name: "a system without /proc", facts: { limits: undefined }, ways: [] },
  {
    name: "an inspector",
    facts: { inspectorUrl: "ws://127.0.0.1:9229/x" },
    ways: [/at 127.0.0.1:9229$/],
  },
  { name: "no options", facts: { options: [] }, ways: [/SIGUSR1.*--disable-sigusr1/] },
  {
    name: "core files",
    facts: { limits: limits("unlimited", "unlimited") },
    ways: [/ulimit -c 0/],
  },
  { name: "small core files", facts: { limits: limits("1", "1") }, ways: [/ulimit -c 0/] },
  {
    name: "all of them",
    facts: { options: [], inspectorUrl: "ws://[::1]:1/", limits: limits("unlimited", "unlimited") },
    ways: [/::1/, /SIGUSR1/, /LimitCORE/],
  },
])("ways into the memory: $name", ({ facts, ways }) => {
  const found = waysIntoMemory({ ...GUARDED, ...facts });
  expect(found).toHaveLength(ways.length);
  for (const [index, way] of ways.entries()) expect(found[index]).toMatch(way);
});
