// How a program is started that may hold keys and cards: nobody looks into its memory afterwards.

/** SIGUSR1 opens Node's inspector otherwise, which shows everything to any user of the machine. */
const OPTIONS = ["--disable-sigusr1"];

/** Becomes the program itself, so that process id, signals and open files are the program's. */
const WITHOUT_CORE_FILES = 'ulimit -c 0; exec "$0" "$@"';

/** What to spawn to run `node` with these arguments, without inspector and core files. */
export function guardedNode(node, nodeArguments) {
  const guarded = [...OPTIONS, ...nodeArguments];
  // Windows has no core files, and no shell of this kind.
  if (process.platform === "win32") return { command: node, commandArguments: guarded };
  return { command: "sh", commandArguments: ["-c", WITHOUT_CORE_FILES, node, ...guarded] };
}
