import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import type { ConnectionOptions } from "../../prisma/embedded/postgres-cluster.ts";
import { environment } from "../../settings/environment.ts";

/** As many as the switch has sessions and connections to its database. */
const SOCKETS = 16;
/** The best for it: with a single one each payment waits for the same row. */
const MERCHANTS = 1_000;
const SWITCH_OPTIONS = ["-XX:+UseG1GC", "-Xmx512m"];

/** jPOS as a switch is usually built: one hop, one transaction for each message. */
export interface Peer extends AsyncDisposable {
  /** Of the switch, and of what sends. */
  readonly pid: number;
  readonly loadPid: number;
  run(durationMs: number): Promise<PeerRun>;
}

interface PeerRun {
  readonly approved: number;
  readonly refused: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @param database an empty one. */
export async function startPeer(classPath: string, database: ConnectionOptions): Promise<Peer> {
  await using stack = new AsyncDisposableStack();
  await makeTables(database);
  const home = mkdtempSync(join(tmpdir(), "cardlane-jpos-"));
  stack.defer(() => rmSync(home, { recursive: true, force: true }));
  const port = await freePort();
  const deploy = join(home, "deploy");
  mkdirSync(deploy);
  writeDeployment(deploy, port);
  const start = (args: readonly string[]) => {
    const child = startJava(["-cp", classPath, ...args], home, database);
    stack.defer(() => endJava(child));
    return child;
  };
  const server = start([...SWITCH_OPTIONS, "peer.Switch", deploy]);
  server.stdout.resume(); // Its banner.
  const load = start(["peer.Load", String(port), String(SOCKETS), String(MERCHANTS)]);
  const nextLine = linesOf(load);
  await nextLine();
  const running = stack.move();
  return {
    pid: server.pid ?? Number.NaN,
    loadPid: load.pid ?? Number.NaN,
    async run(durationMs) {
      const answer = nextLine();
      load.stdin.write(`${Math.round(durationMs)}\n`);
      return parseRun(await answer);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function parseRun(line: string): PeerRun {
  const [approved = 0, refused = 0, p50 = 0, p99 = 0] = line.split(" ").map(Number);
  return { approved, refused, p50Ms: p50 / 1_000, p99Ms: p99 / 1_000 };
}

async function makeTables(database: ConnectionOptions): Promise<void> {
  const client = new pg.Client(database);
  await client.connect();
  try {
    await client.query(readFileSync(join(import.meta.dirname, "peer.sql"), "utf8"));
  } finally {
    await client.end();
  }
}

function writeDeployment(deploy: string, port: number): void {
  const source = join(import.meta.dirname, "deploy");
  for (const name of readdirSync(source)) {
    const text = readFileSync(join(source, name), "utf8");
    writeFileSync(join(deploy, name), text.replace("PORT", String(port)));
  }
}

function startJava(
  args: readonly string[],
  cwd: string,
  { host, port, user, password, database }: ConnectionOptions,
): ChildProcessWithoutNullStreams {
  const env = {
    ...environment,
    PEER_URL: `jdbc:postgresql://${host}:${port}/${database}`,
    PEER_USER: user,
    PEER_PASSWORD: password,
  };
  const child = spawn("java", [...args], { cwd, env });
  child.stderr.pipe(process.stderr);
  return child;
}

/** Both programs end with their standard input. */
async function endJava(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.stdin.end();
  await ended;
}

/** One line of what it says after the other. */
function linesOf(child: ChildProcessWithoutNullStreams): () => Promise<string> {
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(() => {
    throw new Error("what sends to jPOS has ended; what it said stands above");
  });
  ended.catch(() => undefined); // Told to whoever asks.
  return async () => {
    const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
    return line;
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("bug: a port is a number");
  return address.port;
}
