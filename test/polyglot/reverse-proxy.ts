import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { vi } from "vitest";
import { TOOLS } from "../fixtures/grpcurl.ts";
import { canUse } from "../fixtures/required.ts";
import { freePort } from "./free-port.ts";

/** What `deploy/` has a configuration for, and how it is started with one. */
const PROXIES = {
  envoy: {
    command: join(TOOLS, "envoy", "bin", "envoy"),
    version: "--version",
    configuration: "deploy/envoy/cardlane.yaml",
    // No hot restart, for which it would claim shared memory under a number.
    start: (file: string) => ["-c", file, "--disable-hot-restart", "--log-level", "warn"],
  },
  nginx: {
    command: "nginx",
    version: "-v",
    configuration: "deploy/nginx/cardlane.conf",
    start: (file: string, home: string) => ["-p", home, "-c", file, "-g", "daemon off;"],
  },
  haproxy: {
    command: "haproxy",
    version: "-v",
    configuration: "deploy/haproxy/cardlane.cfg",
    start: (file: string) => ["-db", "-f", file],
  },
} as const;

type ProxyName = keyof typeof PROXIES;

/** The ports of loopback that the configurations have for proxy and relay. */
const PROXY_PORT = /(127\.0\.0\.1:|port_value: )8443\b/g;
const RELAY_PORT = /(127\.0\.0\.1:|port_value: )7403\b/g;

export interface ReverseProxy extends AsyncDisposable {
  readonly address: string;
}

/** npm run test:polyglot installs it. */
export function isInstalled(name: ProxyName): boolean {
  const { command, version } = PROXIES[name];
  return canUse(name, spawnSync(command, [version], { stdio: "ignore" }).error === undefined);
}

/** Starts one with its configuration from `deploy/` but for the addresses, in its own folder. */
export async function startProxy(name: ProxyName, relayAddress: string): Promise<ReverseProxy> {
  const { command, configuration, start } = PROXIES[name];
  const home = mkdtempSync(join(tmpdir(), `cardlane-${name}-`));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const text = readFileSync(configuration, "utf8")
    .replaceAll(PROXY_PORT, `$1${port}`)
    .replaceAll(RELAY_PORT, `$1${relayAddress.split(":")[1]}`);
  const file = join(home, basename(configuration));
  writeFileSync(file, text);
  const child = spawn(command, start(file, home), { cwd: home, stdio: ["ignore", "pipe", "pipe"] });
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
