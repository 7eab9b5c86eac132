import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandLine } from "../cli/command-line.ts";
import { runCommand } from "../cli/run-command.ts";
import { recordedIo } from "../cli/testing/recorded-io.ts";
import { startMesh } from "./mesh-processes.ts";

/** Five processes and PostgreSQL have to start, on two cores that other tests use as well. */
const MESH_TEST_MS = 120_000;

function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "cardlane-mesh-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

async function command(directory: string, words: readonly string[]) {
  const io = recordedIo();
  const exitCode = await runCommand(io, commandLine, [...words, "--data-dir", directory]);
  return { exitCode, printed: io.printed, told: io.told };
}

const payWords = ["pay", "7.00", "EUR", "--card", "visa", "--pin", "1234", "--yes", "--json"];

async function payAt(directory: string) {
  const { exitCode, printed } = await command(directory, payWords);
  return { exitCode, report: JSON.parse(printed.at(-1) ?? "null") };
}

async function statesAt(directory: string): Promise<string[]> {
  const { printed } = await command(directory, ["list", "--json"]);
  return JSON.parse(printed[0] ?? "").payments.map(({ state }: { state: string }) => state);
}

test.concurrent.each([
  { name: "plaintext", options: [] },
  { name: "mutual TLS", options: ["--tls"] },
])(
  "npm start -- --once takes one payment and stops: $name",
  async ({ options }) => {
    using directory = temporaryDirectory();
    const words = ["start", "--once", "--port-base", "0", ...options];
    const { exitCode, printed, told } = await command(directory.path, words);
    expect({ exitCode, told }).toMatchObject({ exitCode: 0 });
    const shown = printed.join("\n");
    expect(shown).toMatch(/SALE +12\.50 EUR/);
    expect(shown).toMatch(/Card +VISA .*4242/);
    expect(shown).toMatch(/APPROVED/);
    const hops = ["terminal", "reader", "relay", "processor", "pin-service"];
    expect(hops.filter((hop) => printed.some((line) => line.startsWith(hop)))).toEqual(hops);
    expect(told.at(-1)).toMatch(/stop/);
  },
  MESH_TEST_MS,
);

test.each(["nowhere", "host:", ":7414", "http://host:7414"])(
  "npm start -- --processor %s starts nothing",
  async (address) => {
    using directory = temporaryDirectory();
    const words = ["start", "--processor", address, "--port-base", "0"];
    const { exitCode, told } = await command(directory.path, words);
    expect({ exitCode, told }).toEqual({
      exitCode: 1,
      told: [expect.stringContaining(`--processor must be host:port, got "${address}"`)],
    });
  },
);

test.concurrent(
  "data stays over a restart of everything, and of one program after kill -9",
  async () => {
    using directory = temporaryDirectory();
    await using first = await startMesh({ dataDirectory: directory.path });
    expect(await payAt(directory.path)).toMatchObject({ exitCode: 0 });
    await expect(startMesh({ dataDirectory: directory.path })).rejects.toThrow(
      `a mesh runs already on ${directory.path} (process ${process.pid})`,
    );
    await first.stop();

    await using second = await startMesh({ dataDirectory: directory.path });
    const { relay: address } = second.addresses;
    second.program("relay").kill("SIGKILL");
    await second.program("relay").restart();
    expect(second.program("relay").address).toBe(address);
    expect(await payAt(directory.path)).toMatchObject({ exitCode: 0 });
    expect(await statesAt(directory.path)).toEqual([
      "PAYMENT_STATE_APPROVED",
      "PAYMENT_STATE_APPROVED",
    ]);
  },
  MESH_TEST_MS,
);
