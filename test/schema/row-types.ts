import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAst } from "vitest/node";
import { filesOf, root } from "../tidy/source-file.ts";

/** One `run<Row>(STATEMENT, …)`. */
interface RunCall {
  readonly path: string;
  /** Constants of the file, one of which is the statement. */
  readonly statements: readonly string[];
  /** For each column that Row names what it is in JavaScript: "string", "bytes", "number[]" … */
  readonly columns: Readonly<Record<string, string>>;
}

/** Any node of the syntax tree, in the form of ESTree. */
interface SyntaxNode {
  readonly type: string;
  readonly [property: string]: unknown;
}

/** Every call of relay and processor that says what its statement's rows are. */
export function readRunCalls(): readonly RunCall[] {
  const paths = filesOf("{relay,processor}/**/*.ts").filter((path) => !path.endsWith(".test.ts"));
  const files = paths.map((path) => {
    const tree = parseAst(readFileSync(join(root, path), "utf8"), { lang: "ts" });
    return { path, nodes: [...walk(tree)] };
  });
  return files.flatMap(({ path, nodes }) => {
    const program = path.split("/", 1).join();
    const near = files.filter((file) => file.path.startsWith(`${program}/`));
    const declared = [...nodes, ...near.flatMap((file) => file.nodes)].filter(
      ({ type }) => type === "TSInterfaceDeclaration",
    );
    const methods = nodes.filter(({ type }) => type === "MethodDefinition");
    return methods.flatMap((method) =>
      [...walk(method)].flatMap((node) => {
        const row = rowOf(node);
        const [statement] = node.type === "CallExpression" ? (node.arguments as SyntaxNode[]) : [];
        if (row === undefined || statement === undefined) return [];
        const named = constantsIn(statement);
        const statements = named.length === 0 ? constantsIn(method) : named;
        return [{ path, statements, columns: columnsOf(row, declared) }];
      }),
    );
  });
}

function* walk(value: unknown): Generator<SyntaxNode> {
  if (Array.isArray(value)) {
    for (const item of value) yield* walk(item);
  } else if (typeof value === "object" && value !== null) {
    if ("type" in value) yield value as SyntaxNode;
    for (const child of Object.values(value)) yield* walk(child);
  }
}

/** The type argument of `….run<Row>(…)`. */
function rowOf({ callee, typeArguments }: SyntaxNode): SyntaxNode | undefined {
  const { property } = (callee ?? {}) as { property?: { name?: string } };
  const { params } = (typeArguments ?? {}) as { params?: SyntaxNode[] };
  return property?.name === "run" ? params?.[0] : undefined;
}

function constantsIn(node: SyntaxNode): string[] {
  return [...walk(node)]
    .filter(({ type }) => type === "Identifier")
    .map(({ name }) => String(name))
    .filter((name) => /^[A-Z][A-Z_]*$/.test(name));
}

/** Of an interface, of a type written in place, or of several joined by `&`. */
function columnsOf(row: SyntaxNode, declared: readonly SyntaxNode[]): Record<string, string> {
  if (row.type === "TSIntersectionType") {
    const parts = row.types as SyntaxNode[];
    return Object.assign({}, ...parts.map((part) => columnsOf(part, declared)));
  }
  const name = nameOf(row.typeName);
  const node = name === undefined ? row : declared.find(({ id }) => nameOf(id) === name);
  if (node === undefined) throw new Error(`no interface is named ${name}`);
  const members = [...walk(node)].filter(({ type }) => type === "TSPropertySignature");
  return Object.fromEntries(
    members.map(({ key, typeAnnotation }) => {
      const { typeAnnotation: type } = typeAnnotation as { typeAnnotation: SyntaxNode };
      return [String(nameOf(key)), kindOf(type)];
    }),
  );
}

function nameOf(node: unknown): string | undefined {
  return (node as { name?: string } | undefined)?.name;
}

const KINDS: Readonly<Record<string, string>> = {
  TSNumberKeyword: "number",
  TSBigIntKeyword: "bigint",
  TSBooleanKeyword: "boolean",
  Buffer: "bytes",
  Uint8Array: "bytes",
  Date: "date",
};

/** Every name of this project, such as MerchantId, stands for text. */
function kindOf(node: SyntaxNode): string {
  if (node.type === "TSUnionType") {
    const [first] = (node.types as SyntaxNode[]).filter(({ type }) => type !== "TSNullKeyword");
    return first === undefined ? "null" : kindOf(first);
  }
  if (node.type === "TSTypeOperator") return kindOf(node.typeAnnotation as SyntaxNode);
  if (node.type === "TSArrayType") return `${kindOf(node.elementType as SyntaxNode)}[]`;
  return KINDS[nameOf(node.typeName) ?? node.type] ?? "string";
}
