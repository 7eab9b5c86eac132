import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { freePort } from "./free-port.ts";
import { canUse } from "./required.ts";

/** What `deploy/` has a configuration for, and how it is started with one. */
const PROXIES = {
  nginx: {
    configuration: "deploy/nginx/cardlane.conf",
    start: (file: string, home: string) => ["-p", home, "-c", file, "-g", "daemon off;"],
  },
  haproxy: {
    configuration: "deploy/haproxy/cardlane.cfg",
    start: (file: string) => ["-db", "-f", file],
  },
} as const;

export type ProxyName = keyof typeof PROXIES;

/** The addresses that the configurations have for proxy and relay. */
const PROXY_ADDRESS = "127.0.0.1:8443";
const RELAY_ADDRESS = "127.0.0.1:7403";

export interface ReverseProxy extends AsyncDisposable {
  readonly address: string;
}

/** npm run test:polyglot installs it. */
export function isInstalled(name: ProxyName): boolean {
  return canUse(name, spawnSync(name, ["-v"], { stdio: "ignore" }).error === undefined);
}

/** Starts one with its configuration from `deploy/` but for the addresses, in its own folder. */
export async function startProxy(name: ProxyName, relayAddress: string): Promise<ReverseProxy> {
  const { configuration, start } = PROXIES[name];
  const home = mkdtempSync(join(tmpdir(), `cardlane-${name}-`));
  const address = `127.0.0.1:${await freePort()}`;
  const text = readFileSync(configuration, "utf8")
    .replaceAll(PROXY_ADDRESS, address)
    .replaceAll(RELAY_ADDRESS, relayAddress);
  const file = join(home, "proxy.conf");
  writeFileSync(file, text);
  const child = spawn(name, start(file, home), { cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  child.stdout.on("data", (chunk) => said.push(String(chunk)));
  child.stderr.on("data", (chunk) => said.push(String(chunk)));
  const stop = async () => {
    await end(child);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await vi.waitFor(() => reach(address), { timeout: 10_000, interval: 50 });
  } catch {
    await stop();
    throw new Error(`${name} did not start:\n${said.join("")}`);
  }
  return { address, [Symbol.asyncDispose]: stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

async function reach(address: string): Promise<void> {
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
}
