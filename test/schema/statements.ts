import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { filesOf, root } from "../tidy/source-file.ts";

// Prints every SQL statement of relay and processor as JSON: { path, constant, name, text }. They
// are private to their files, so each of those is loaded with its constants exported.

const paths = filesOf("{relay,processor}/**/*.ts").filter((path) => !/\.test\.ts$/.test(path));
const urls = new Map(paths.map((path) => [pathToFileURL(join(root, path)).href, path]));

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!urls.has(url) || loaded.source == null) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    const constants = [...source.matchAll(/^const ([A-Z][A-Z_]*)\b/gm)].map(([, name]) => name);
    return { ...loaded, source: `${source}\nexport { ${constants.join(", ")} };\n` };
  },
});

const statements = [];
for (const [url, path] of urls) {
  if (path.endsWith("/main.ts")) continue;
  for (const [constant, value] of Object.entries(await import(url))) {
    if (isStatement(value)) statements.push({ path, constant, name: value.name, text: value.text });
  }
}
process.stdout.write(JSON.stringify(statements));

function isStatement(value: unknown): value is { readonly name: string; readonly text: string } {
  const { name, text } = (value ?? {}) as { name?: unknown; text?: unknown };
  return typeof name === "string" && typeof text === "string";
}
