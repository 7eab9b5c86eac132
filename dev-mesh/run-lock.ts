import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Clock } from "../mesh/clock.ts";
import type { Random } from "../sealing/random.ts";
import { makeMeshDirectory } from "./mesh-directory.ts";

/** Another mesh runs on the same data; the message is one line for a person. */
class MeshRunsError extends Error {
  override readonly name = "MeshRunsError";
}

interface Holder {
  readonly pid: number;
  /** On loopback: whoever holds the lock answers here with its secret. */
  readonly port: number;
  readonly secret: string;
}

const SECRET_BYTES = 16;
/** How long a holder may take to answer; one that is stopped by a debugger counts as running. */
const ANSWER_MS_MAX = 2_000;

/**
 * Lets one mesh run on one data directory. The file `lock` names the holder, and the holder answers
 * on a port: a process id alone may belong to some other program after a crash or a restart.
 *
 * @throws MeshRunsError
 */
export async function takeRunLock(
  dataDirectory: string,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<AsyncDisposable> {
  makeMeshDirectory(dataDirectory);
  const file = join(dataDirectory, "lock");
  const secret = Buffer.from(random.bytes(SECRET_BYTES)).toString("hex");
  const server = createServer((socket) => socket.on("error", () => socket.destroy()).end(secret));
  await once(server.listen(0, "127.0.0.1"), "listening");
  server.unref();
  const { port } = server.address() as AddressInfo;
  const content = JSON.stringify({ pid: process.pid, port, secret } satisfies Holder);
  try {
    if (!writeIfAbsent(file, content)) {
      await removeIfStale(file, dataDirectory, clock);
      if (!writeIfAbsent(file, content)) throw runs(dataDirectory, "another process");
    }
  } catch (error) {
    server.close();
    throw error;
  }
  return { [Symbol.asyncDispose]: () => release(file, server) };
}

async function release(file: string, server: Server): Promise<void> {
  rmSync(file, { force: true });
  server.close();
  await once(server, "close");
}

function writeIfAbsent(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** A lock whose holder does not answer was left behind by a killed run. */
async function removeIfStale(file: string, dataDirectory: string, clock: Clock): Promise<void> {
  const holder = readHolder(file);
  if (holder !== undefined && (await isHeld(holder, clock))) {
    throw runs(dataDirectory, `process ${holder.pid}`);
  }
  rmSync(file, { force: true });
}

function readHolder(file: string): Holder | undefined {
  try {
    const holder: Partial<Holder> | null = JSON.parse(readFileSync(file, "utf8"));
    const { pid, port, secret } = holder ?? {};
    if (pid === undefined || port === undefined || secret === undefined) return undefined;
    return { pid, port, secret };
  } catch {
    // Gone just now, or only half written when the power went: nobody holds it.
    return undefined;
  }
}

function isHeld({ port, secret }: Holder, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const timer = clock.timer(ANSWER_MS_MAX, () => settle(true));
    let answer = "";
    const settle = (held: boolean) => {
      timer.cancel();
      socket.destroy();
      resolve(held);
    };
    socket.setEncoding("utf8");
    socket.on("data", (text) => {
      answer += text;
    });
    socket.on("end", () => settle(answer === secret));
    socket.on("error", () => settle(false));
  });
}

function runs(dataDirectory: string, who: string): MeshRunsError {
  return new MeshRunsError(
    `a mesh runs already on ${dataDirectory} (${who}): use it, or stop it with Ctrl-C there`,
  );
}
