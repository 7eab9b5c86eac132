import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { filesOf, root } from "./source-file.ts";

/** A Markdown file, with what it tells a reader to open or to type. */
interface Document {
  readonly path: string;
  /** Targets of links into this repository, from its root, with `#heading` where given. */
  readonly links: readonly string[];
  /** Files and folders of this repository that it names in code style. */
  readonly files: readonly string[];
  /** Scripts of package.json: `npm test`, `npm run check`. */
  readonly npmScripts: readonly string[];
  /** What follows `cardlane` on a command line. */
  readonly subcommands: readonly string[];
}

export function readDocuments(): readonly Document[] {
  // A pattern passes over folders that begin with a dot, unless it names them.
  return filesOf("{.github/**/,**/}*.md").map((path) => {
    return readDocument(path, readFileSync(join(root, path), "utf8"));
  });
}

export function readDocument(path: string, text: string): Document {
  const fenced = [...text.matchAll(/^```[^\n]*\n(.*?)^```/gms)].map(([, body = ""]) => body);
  const inline = [...text.replaceAll(/^```.*?^```/gms, "").matchAll(/`([^`\n]+)`/g)];
  const code = [...fenced, ...inline.map(([, body = ""]) => body)];
  return {
    path,
    links: [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => fromRoot(path, target)),
    files: code.flatMap(namedFiles),
    npmScripts: code.flatMap(npmScripts),
    subcommands: code.flatMap((line) =>
      [...line.matchAll(/(?<=^|[\n$] ?)(?:npx )?cardlane ([a-z]+)/g)].map(([, name = ""]) => name),
    ),
  };
}

/** Whether a link's target is there, and has that heading. */
export function linkLeadsSomewhere(link: string): boolean {
  const [path = "", heading] = link.split("#");
  if (!existsSync(join(root, path))) return false;
  return heading === undefined || headingsOf(path).includes(heading);
}

/** Whether a file, a folder or, with `*` in it, at least one such file is there. */
export function fileExists(path: string): boolean {
  return globSync(path, { cwd: root }).length > 0;
}

function fromRoot(documentPath: string, target: string): string {
  if (target.startsWith("#")) return documentPath + target;
  return posix.join(dirname(documentPath), target);
}

/** The name of a git tag for a Go module in a folder: no file. */
const MODULE_TAG = /\/v\d+\.\d+\.\d+$/;

/** Only what begins with one of our own folders: other paths are somebody else's. */
function namedFiles(code: string): string[] {
  const folders = globSync("*/", { cwd: root, exclude: ["node_modules"] });
  return [...code.matchAll(/(?<![\w./@:-])[\w-]+\/[\w./*-]*[\w/*]/g)]
    .map(([path]) => path)
    .filter((path) => folders.includes(path.slice(0, path.indexOf("/"))) && !MODULE_TAG.test(path));
}

function npmScripts(code: string): string[] {
  const named = [...code.matchAll(/\bnpm run ([\w-]+)/g)].map(([, name = ""]) => name);
  const short = [...code.matchAll(/\bnpm (start|test)\b/g)].map(([, name = ""]) => name);
  return [...named, ...short];
}

/** In the form that GitHub gives to a heading's address. */
function headingsOf(path: string): string[] {
  const text = readFileSync(join(root, path), "utf8");
  return [...text.matchAll(/^#+ +(.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number}\p{Mark} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
