import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { BenchMesh } from "../mesh/bench-mesh.ts";
import type { NaiveSetup } from "./naive-process.ts";

/** Relay and processor of the naive design, on the mesh's own keys, databases and registry. */
interface NaiveMesh extends AsyncDisposable {
  readonly relayAddress: string;
  readonly pids: ReadonlyMap<string, readonly number[]>;
}

export async function startNaiveMesh({
  benchMesh,
  isEcho,
}: {
  readonly benchMesh: BenchMesh;
  readonly isEcho: boolean;
}): Promise<NaiveMesh> {
  await using stack = new AsyncDisposableStack();
  const { directory, mesh } = benchMesh;
  const setupOf = (role: NaiveSetup["role"], upstream: string): NaiveSetup => ({
    role,
    isEcho,
    upstream,
    tlsDirectory: directory.tlsOf(role),
    keysDirectory: directory.keysOf(role),
    databaseUrl: mesh.postgres.url(role),
  });
  const processor = await startProcess(setupOf("processor", ""), stack);
  const relay = await startProcess(setupOf("relay", processor.address), stack);
  const running = stack.move();
  return {
    relayAddress: relay.address,
    pids: new Map([
      ["relay", [relay.pid]],
      ["processor", [processor.pid]],
    ]),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function startProcess(
  setup: NaiveSetup,
  stack: AsyncDisposableStack,
): Promise<{ readonly address: string; readonly pid: number }> {
  const child = fork(join(import.meta.dirname, "naive-process.ts"));
  stack.defer(() => stopProcess(child));
  child.send(setup);
  const died = once(child, "exit").then(() => {
    throw new Error(`the naive ${setup.role} ended; what it said stands above`);
  });
  died.catch(() => undefined); // Told to whoever waits for the address.
  const [address] = await Promise.race([once(child, "message"), died]);
  if (child.pid === undefined) throw new Error("bug: a running process has an id");
  return { address: String(address), pid: child.pid };
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.disconnect();
  await ended;
}
