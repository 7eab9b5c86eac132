import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileExists, linkLeadsSomewhere, readDocuments } from "./tidy/document.ts";
import { filesOf, readSourceFiles, root } from "./tidy/source-file.ts";

const LINES_PER_FILE_MAX = 300;
const LINES_PER_FUNCTION_MAX = 70;
const COLUMNS_MAX = 100;

/** What comes from the system is an argument. These files alone take it from there. */
const FROM_THE_SYSTEM = [
  { name: "Date.now", files: ["mesh/clock.ts"] },
  { name: "new Date()", files: [] },
  // The second one, here and below, runs before there is anything to import.
  { name: "performance.now", files: ["mesh/clock.ts", "set-up/hand-over.mjs"] },
  // The second one is how long a socket is silent: nodemailer asks its sockets for it.
  { name: "setTimeout", files: ["mesh/clock.ts", "relay/notifications/bounded-line.ts"] },
  { name: "setInterval", files: ["mesh/clock.ts", "set-up/hand-over.mjs"] },
  { name: "Math.random", files: [] },
  // The second one makes a password of the embedded database, which is real in every run.
  { name: "randomBytes", files: ["sealing/random.ts", "prisma/embedded/postgres-cluster.ts"] },
  // The second one names a lock file, so that two runs at once do not take it for their own.
  { name: "randomUUID", files: ["sealing/random.ts", "dev-mesh/run-lock.ts"] },
  { name: "getRandomValues", files: ["sealing/random.ts"] },
  // The others run before there is anything to import, and hand it on.
  {
    name: "process.env",
    files: [
      "settings/environment.ts",
      "set-up/hand-over.mjs",
      "set-up/generate-clients.mjs",
      // Tells all processes of a test run where compiled code is kept.
      "test/setup/compiled-code.ts",
    ],
  },
];

const sources = readSourceFiles();
const documents = readDocuments();

describe("imports", () => {
  test("name packages that package.json lists", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json"));
    const wrong = sources.flatMap(({ path, isTest, importedPackages }) => {
      const listed = { ...dependencies, ...(isTest || isConfig(path) ? devDependencies : {}) };
      return importedPackages
        .filter((name) => !(name in listed))
        .map((name) => `${path} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe("sizes", () => {
  test(`no line is over ${COLUMNS_MAX} columns`, () => {
    const wrong = sources.flatMap(({ path, lines }) =>
      lines.flatMap((line, index) => {
        return [...line].length > COLUMNS_MAX ? [`${path}:${index + 1}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test(`no file is over ${LINES_PER_FILE_MAX} lines`, () => {
    const wrong = sources.filter(({ lines }) => lines.length - 1 > LINES_PER_FILE_MAX);
    expect(wrong.map(({ path, lines }) => `${path}: ${lines.length - 1}`)).toEqual([]);
  });

  test(`no function is over ${LINES_PER_FUNCTION_MAX} lines`, () => {
    const wrong = sources.flatMap(({ path, functions }) =>
      functions
        .filter(({ lineCount }) => lineCount > LINES_PER_FUNCTION_MAX)
        .map(({ line, lineCount }) => `${path}:${line} has ${lineCount}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("code", () => {
  test.each(FROM_THE_SYSTEM)("only $files may use $name", ({ name, files }) => {
    const wrong = sources
      .filter(({ path }) => !files.includes(path))
      .flatMap(({ path, names }) =>
        names.filter((used) => used.name === name).map(({ line }) => `${path}:${line}`),
      );
    expect(wrong).toEqual([]);
  });

  test("nothing is exported that no other file names", () => {
    const files = new Map<string, Set<string>>();
    for (const { path, names } of sources) {
      for (const { name } of names) files.set(name, (files.get(name) ?? new Set()).add(path));
    }
    const wrong = sources.flatMap(({ path, exports }) =>
      exports
        .filter((name) => files.get(name)?.size === 1)
        .map((name) => `${path} exports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("nothing is named for having no purpose of its own", () => {
    const purposeless = /(^|\/)(utils?|common|helpers?|shared|misc)([/.]|$)/;
    expect(pathsOf(sources).filter((path) => purposeless.test(path))).toEqual([]);
  });

  test("every test file tests something, and skips nothing", () => {
    const files = sources.filter(({ path }) => path.endsWith(".test.ts"));
    const empty = files.filter(({ names }) => !names.some(({ name }) => name === "test"));
    const skipping = files.filter(({ lines }) => {
      return lines.some((line) => /\b(test|describe|it)\.(skip|only|todo)\b/.test(line));
    });
    expect({ empty: pathsOf(empty), skipping: pathsOf(skipping) }).toEqual({
      empty: [],
      skipping: [],
    });
  });
});

describe("documents", () => {
  test("links lead somewhere", () => {
    const wrong = documents.flatMap(({ path, links }) =>
      links.filter((link) => !linkLeadsSomewhere(link)).map((link) => `${path} links to ${link}`),
    );
    expect(wrong).toEqual([]);
  });

  test("files that are named are there", () => {
    const wrong = documents.flatMap(({ path, files }) =>
      files.filter((file) => !fileExists(file)).map((file) => `${path} names ${file}`),
    );
    expect(wrong).toEqual([]);
  });

  test("npm scripts that are named are in package.json", () => {
    const { scripts } = JSON.parse(read("package.json"));
    const wrong = documents.flatMap(({ path, npmScripts }) =>
      npmScripts.filter((name) => !(name in scripts)).map((name) => `${path} names ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test("sub-commands that are named are in the program", async () => {
    const { commandLine } = await import("../cli/command-line.ts");
    const { recordedIo } = await import("../cli/testing/recorded-io.ts");
    const { commands } = commandLine(recordedIo(), () => undefined);
    const defined = commands.map((command) => command.name());
    const wrong = documents.flatMap(({ path, subcommands }) =>
      subcommands.filter((name) => !defined.includes(name)).map((name) => `${path} names ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe("repository", () => {
  const written = filesOf("**/*.{ts,mjs,md,proto,prisma,sql,json,yaml}");

  test("nothing is left for later without being done", () => {
    expect(written.filter((path) => /\b(TO-?DO|FIX-?ME)\b/.test(read(path)))).toEqual([]);
  });

  test("no private key is kept in it", () => {
    expect(written.filter((path) => /-----BEGIN [A-Z ]*PRIVATE[ ]KEY/.test(read(path)))).toEqual(
      [],
    );
  });

  test("the lock names no registry", () => {
    expect(read("package-lock.json")).not.toContain('"resolved"');
  });
});

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function isConfig(path: string): boolean {
  return /^[\w.]+\.config\.ts$/.test(path);
}

function pathsOf(files: readonly { path: string }[]): string[] {
  return files.map(({ path }) => path);
}
