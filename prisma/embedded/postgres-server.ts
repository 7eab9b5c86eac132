import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { EmbeddedPostgresError } from "../postgres-error.ts";
import type { Cluster } from "./postgres-cluster.ts";

/** Names and values as in postgresql.conf. */
export type Settings = Readonly<Record<string, string>>;

/** A PostgreSQL server that accepts connections. */
export interface PostgresServer {
  readonly pid: number;
  /** Settles when the server is gone, whoever ended it. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Runs PostgreSQL, says its process number, and ends it in good order when the input closes. The
 * input is a pipe of which only this process holds the other end: kill -9 closes it, too. It asks
 * again every second, because a server that has only just begun does not hear the first time.
 */
const SUPERVISOR = `
exec 3<&0
"$@" </dev/null 3<&- 1>&2 &
server=$!
echo "$server"
{ read -r _; while kill -INT "$server"; do sleep 1; done; } <&3 >/dev/null 2>&1 &
watcher=$!
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`;

const READY = "database system is ready to accept connections";
const DATA_IN_USE =
  /lock file "postmaster.pid" (already exists|is empty)|pre-existing shared memory/;
const PORT_IN_USE = /could not create any TCP\/IP sockets/;

/**
 * Starts a server and waits until it accepts connections.
 *
 * @throws EmbeddedPostgresError saying why it ended instead
 */
export async function startServer({
  cluster,
  settings,
  environment,
  log,
}: {
  cluster: Cluster;
  settings: Settings;
  environment: Readonly<Record<string, string>>;
  log: (line: string) => void;
}): Promise<PostgresServer> {
  const { file, args, options } = await cluster.serverCommand([
    "-D",
    cluster.directory,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ]);
  const supervisor = spawn("sh", ["-c", SUPERVISOR, "sh", file, ...args], {
    ...options,
    env: { ...options.env, ...environment },
    stdio: "pipe",
    // A session of its own: Ctrl-C ends the programs first, and they end the database.
    detached: true,
  });
  // Closing the pipe of a supervisor that is gone already is no error.
  supervisor.stdin.on("error", () => undefined);
  const ended = once(supervisor, "exit").then(() => void supervisor.stdin.end());

  const pid = await readServerPid(supervisor);
  const linesOfStart = await readUntilReady(supervisor, log);
  if (!linesOfStart.at(-1)?.includes(READY)) {
    throw refusal(linesOfStart, { directory: cluster.directory, port: settings.port });
  }
  return {
    pid,
    ended,
    stop: async () => {
      supervisor.stdin.end();
      await ended;
    },
  };
}

async function readServerPid(supervisor: ChildProcessWithoutNullStreams): Promise<number> {
  const [line] = await once(createInterface(supervisor.stdout), "line");
  return Number(line);
}

/** The log up to readiness or to the end; all of it, also what comes later, goes to `log`. */
function readUntilReady(
  supervisor: ChildProcessWithoutNullStreams,
  log: (line: string) => void,
): Promise<readonly string[]> {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const linesOfStart: string[] = [];
  const lines = createInterface(supervisor.stderr);
  const keepLine = (line: string) => {
    linesOfStart.push(line);
    if (!line.includes(READY)) return;
    lines.off("line", keepLine);
    resolve(linesOfStart);
  };
  lines
    .on("line", log)
    .on("line", keepLine)
    .on("close", () => resolve(linesOfStart));
  return promise;
}

function refusal(
  log: readonly string[],
  { directory, port }: { directory: string; port: string | undefined },
): EmbeddedPostgresError {
  const wasSaid = (text: RegExp) => log.some((line) => text.test(line));
  if (wasSaid(DATA_IN_USE)) {
    const message = `another program has just started the database in ${dirname(directory)}`;
    return new EmbeddedPostgresError("data in use", message);
  }
  if (wasSaid(PORT_IN_USE)) {
    return new EmbeddedPostgresError("port in use", `port ${port} is in use by another program`);
  }
  const reason =
    log.findLast((line) => /FATAL|PANIC/.test(line)) ?? log.at(-1) ?? "no reason given";
  return new EmbeddedPostgresError("cannot run", `PostgreSQL did not start: ${reason}`);
}
