import { describe, expect, test } from "vitest";
import { circlesAmong, folderOf, importsAmong, pairsOf, roomOf } from "./tidy/rooms.ts";
import { isTest, readSourceFiles } from "./tidy/source-file.ts";

/** Folders that the code of a folder may import from, besides its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  payment: ["gen"],
  settings: ["payment", "gen"],
  sealing: ["settings", "payment", "gen"],
  mesh: ["settings", "payment", "gen"],
  prisma: ["settings", "payment", "gen"],
  audit: ["mesh", "prisma", "settings", "payment", "gen"],
  salt: ["mesh", "sealing", "payment", "gen"],
  "inbox-sim": ["mesh", "settings", "payment", "gen"],
  "reader-sim": ["salt", "mesh", "sealing", "prisma", "settings", "payment", "gen"],
  "terminal-client": ["salt", "mesh", "sealing", "prisma", "settings", "payment", "gen"],
  relay: ["audit", "mesh", "sealing", "prisma", "settings", "payment", "gen"],
  processor: ["audit", "mesh", "sealing", "prisma", "settings", "payment", "gen"],
  till: ["mesh", "payment", "gen"],
  "dev-mesh": ["set-up", "mesh", "sealing", "prisma", "settings", "payment", "gen"],
  conformance: ["dev-mesh", "till", "mesh", "sealing", "payment", "gen"],
  cli: [
    "audit",
    "conformance",
    "dev-mesh",
    "till",
    "set-up",
    ...["mesh", "sealing", "prisma", "settings", "payment", "gen"],
  ],
};

/**
 * Rooms with walls: other rooms may import these of their files and no others. A room that is
 * missing here has nothing to hide: each of its files stands for itself.
 */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  "mesh/client": ["dial"],
  "mesh/disk": ["durable-files", "read-each"],
  "mesh/server": ["serve", "server-limits"],
  "mesh/services": ["health", "reflection"],
  "payment/wire": ["strict-decode"],
  "prisma/embedded": ["embedded-postgres", "program-databases"],
  "prisma/migrations": ["migrate-database", "verify-schema"],
  "reader-sim/session": ["reader-service"],
  "relay/answers": ["answers", "completer"],
  salt: ["channel", "client", "server", "session"],
  "terminal-client/reader": ["reader-link", "reader-payment-check"],
  "terminal-client/settling": ["forgotten-payments", "open-payments", "payment-report"],
  "terminal-client/taking": ["payment-run"],
};

const sources = readSourceFiles();
const programs = sources.filter(({ isTest }) => !isTest);
const imports = importsAmong(programs).filter(({ to }) => !isTest(to));

describe("folders", () => {
  test("import one way", () => {
    const wrong = imports
      .filter(({ from, to }) => {
        const own = folderOf(from);
        return ![own, ...(MAY_IMPORT[own] ?? [])].includes(folderOf(to));
      })
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(wrong).toEqual([]);
  });

  test("of code that runs import nothing that is for tests", () => {
    const wrong = importsAmong(programs).filter(({ to }) => isTest(to));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test("only the processor can open what a reader sealed", () => {
    const wrong = imports
      .filter(({ to }) => to.startsWith("sealing/open/"))
      .filter(({ from }) => !/^(sealing\/open|processor)\//.test(from));
    expect(wrong.map(({ from }) => from)).toEqual([]);
  });

  test("a program knows its own database only", () => {
    const wrong = imports.filter(({ from, to }) => {
      const client = /^prisma\/(\w+)\/client\//.exec(to);
      return client !== null && folderOf(from) !== client[1];
    });
    expect(wrong.map(({ from }) => from)).toEqual([]);
  });

  test("Prisma's generated clients are loaded at the first question, by no program's start", () => {
    const eager = /^import (?!type )[^;]*"(?:@prisma\/|[^"]*\/client\/client\.ts")/m;
    const own = programs.filter(({ path }) => /^(?:prisma|relay|processor)\//.test(path));
    const wrong = own.filter(({ lines }) => eager.test(lines.join("\n")));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe("rooms", () => {
  const tops = [...new Set(sources.map(({ path }) => folderOf(path)))];

  test.each(tops)("of %s need each other in one direction", (top) => {
    const inside = importsAmong(sources.filter(({ path }) => !path.endsWith(".test.ts")))
      .filter(({ from, to }) => !/\/testing\//.test(from) && !/\/testing\//.test(to))
      .map(({ from, to }) => ({ from: roomOf(from, top), to: roomOf(to, top) }));
    expect(circlesAmong(inside)).toEqual([]);
  });

  test.each(Object.entries(DOORS))("of %s are entered by their doors: %j", (room, doors) => {
    const wrong = imports
      .filter(({ from, to }) => isWithin(to, room) && !isWithin(from, room))
      .filter(({ to }) => !doors.includes(to.slice(room.length + 1).replace(/\.ts$/, "")));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test.each(Object.entries(DOORS))("have no door that nobody uses: %s", (room, doors) => {
    const used = imports
      .filter(({ from, to }) => isWithin(to, room) && !isWithin(from, room))
      .map(({ to }) => to.slice(room.length + 1).replace(/\.ts$/, ""));
    expect(doors.filter((door) => !used.includes(door))).toEqual([]);
  });

  test("hold thirty files at most", () => {
    const rooms = Map.groupBy(sources, ({ path }) => path.slice(0, path.lastIndexOf("/")));
    const wrong = [...rooms].filter(([, files]) => files.length > 30);
    expect(wrong.map(([room, files]) => `${room} holds ${files.length}`)).toEqual([]);
  });
});

test("no two files import each other", () => {
  expect(pairsOf(importsAmong(sources))).toEqual([]);
});

/** Whether the file is in the folder itself or in one below it. */
function isWithin(path: string, room: string): boolean {
  return path.startsWith(`${room}/`);
}
