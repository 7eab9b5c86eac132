import type { SourceFile } from "./source-file.ts";

/** One file, or one room, needs another. */
interface Need<Node = string> {
  readonly from: Node;
  readonly to: Node;
}

/** Every import of a file of this repository, test files and all. */
export function importsAmong(files: readonly SourceFile[]): readonly Need[] {
  return files.flatMap(({ path, importedFiles }) =>
    importedFiles.map((to) => ({ from: path, to })),
  );
}

/** "relay/intake/recorder.ts" → "relay"; a file at the top is a folder of its own. */
export function folderOf(path: string): string {
  return path.split("/", 1).join();
}

/**
 * The room of a file inside a top folder: the folder below it, or the file itself where it stands
 * in the top folder. Undefined for a file of another top folder.
 *
 *     roomOf("relay/notifications/smpp/pdu.ts", "relay")  "relay/notifications"
 *     roomOf("relay/open-relay.ts", "relay")              "relay/open-relay.ts"
 */
export function roomOf(path: string, top: string): string | undefined {
  const [own, room] = path.split("/");
  return own === top && room !== undefined ? `${top}/${room}` : undefined;
}

/** The needs that are left when everything that needs nobody, or that nobody needs, is gone. */
export function circlesAmong(needs: readonly Need<string | undefined>[]): readonly string[] {
  let left = needs.filter((need): need is Need => {
    return need.from !== undefined && need.to !== undefined && need.from !== need.to;
  });
  for (let before = Number.POSITIVE_INFINITY; left.length < before; ) {
    before = left.length;
    const needy = new Set(left.map(({ from }) => from));
    const needed = new Set(left.map(({ to }) => to));
    left = left.filter(({ from, to }) => needy.has(to) && needed.has(from));
  }
  return [...new Set(left.map(({ from, to }) => `${from} needs ${to}`))].sort();
}

/** Two files that import each other, each pair once. */
export function pairsOf(needs: readonly Need[]): readonly string[] {
  const known = new Set(needs.map(({ from, to }) => `${from} ${to}`));
  return needs
    .filter(({ from, to }) => from < to && known.has(`${to} ${from}`))
    .map(({ from, to }) => `${from} and ${to}`);
}
