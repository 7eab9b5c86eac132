import { globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { parseAst } from "vitest/node";

/** A file of code, and what the rules ask about it. */
export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly lines: readonly string[];
  /** Code that runs in tests and measurements only, which may import anything. */
  readonly isTest: boolean;
  /** Paths of imported files of this repository, from its root. */
  readonly importedFiles: readonly string[];
  /** Names of imported packages; Node's own are left out. */
  readonly importedPackages: readonly string[];
  /** Names that it exports by their declaration. */
  readonly exports: readonly string[];
  readonly functions: readonly FunctionSpan[];
  /** Every name in it, and every property of a global object together with that object. */
  readonly names: readonly Mention[];
}

interface FunctionSpan {
  /** Number of its first line, from 1. */
  readonly line: number;
  readonly lineCount: number;
}

interface Mention {
  readonly line: number;
  /** Such as `setTimeout`, `Date.now` and `new Date()`. */
  readonly name: string;
}

export const root = join(import.meta.dirname, "../..");

/** Generated, installed, or of other teams. */
const FOREIGN = [
  "**/node_modules/**",
  ".cardlane/**",
  "clients/**",
  "gen/**",
  "prisma/*/client/**",
];

/** Every file of code that people of this project write. */
export function readSourceFiles(): readonly SourceFile[] {
  return filesOf("**/*.{ts,mjs}").map((path) =>
    readSourceFile(path, readFileSync(join(root, path), "utf8")),
  );
}

/** Paths of this project's own files, in order. */
export function filesOf(pattern: string): string[] {
  return globSync(pattern, { cwd: root, exclude: FOREIGN }).map(toPosix).sort();
}

export function readSourceFile(path: string, text: string): SourceFile {
  const nodes = [...walk(parseAst(text, { lang: "ts" }))];
  const lineAt = lineFinder(text);
  const specifiers = nodes.flatMap(importedSpecifier);
  return {
    path,
    lines: text.split("\n"),
    isTest: isTest(path),
    importedFiles: specifiers
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => posix.join(dirname(path), specifier)),
    importedPackages: specifiers.filter(isPackage).map(packageName),
    exports: nodes.flatMap(exportedNames),
    functions: nodes.filter(isFunction).map(({ start, end }) => {
      return { line: lineAt(start), lineCount: lineAt(end) - lineAt(start) + 1 };
    }),
    names: nodes.flatMap((node) => {
      return mentionedNames(node).map((name) => ({ name, line: lineAt(node.start) }));
    }),
  };
}

export function isTest(path: string): boolean {
  return /\.test\.ts$|^(test|bench|chaos|siege)\/|\/testing\//.test(path);
}

/** Any node of the syntax tree, in the form of ESTree. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

function* walk(value: unknown): Generator<SyntaxNode> {
  if (Array.isArray(value)) {
    for (const item of value) yield* walk(item);
  } else if (isNode(value)) {
    yield value;
    for (const child of Object.values(value)) yield* walk(child);
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function isFunction({ type }: SyntaxNode): boolean {
  return ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"].includes(type);
}

/** The text after `from`, also of `export … from` and of `import(…)`. */
function importedSpecifier({ type, source }: SyntaxNode): string[] {
  const isImport = /^(Import|ExportNamed|ExportAll)(Declaration|Expression)$/.test(type);
  if (!isImport || !isNode(source) || typeof source.value !== "string") return [];
  return [source.value];
}

/** Of `export function a`, `export const a = 1`, `export interface A` and the like. */
function exportedNames({ type, declaration }: SyntaxNode): string[] {
  if (type !== "ExportNamedDeclaration" || !isNode(declaration)) return [];
  const { declarations, id } = declaration;
  const ids = Array.isArray(declarations) ? declarations.map((one) => one.id) : [id];
  return ids.filter(isNode).flatMap(({ name }) => (typeof name === "string" ? [name] : []));
}

function isPackage(specifier: string): boolean {
  return !specifier.startsWith(".") && !specifier.startsWith("node:");
}

function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

const GLOBALS = ["Date", "Math", "performance", "process", "globalThis", "crypto"];

function mentionedNames(node: SyntaxNode): string[] {
  const { type, object, property, callee } = node;
  if (type === "Identifier") return [String(node.name)];
  if (type === "MemberExpression" && isNamed(object, GLOBALS) && isNode(property)) {
    return [`${object.name}.${property.name}`];
  }
  const hasNoArguments = Array.isArray(node.arguments) && node.arguments.length === 0;
  if (type === "NewExpression" && isNamed(callee, ["Date"]) && hasNoArguments) {
    return ["new Date()"];
  }
  return [];
}

function isNamed(node: unknown, names: readonly string[]): node is SyntaxNode {
  return isNode(node) && node.type === "Identifier" && names.includes(String(node.name));
}

/** Number of the line, from 1, of an offset into the text. */
function lineFinder(text: string): (offset: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
  return (offset) => ends.filter((end) => end < offset).length + 1;
}

function toPosix(path: string): string {
  return path.replaceAll("\\", "/");
}
