import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { commandLine } from "../cli/command-line.ts";
import { runCommand } from "../cli/run-command.ts";
import { recordedIo } from "../cli/testing/recorded-io.ts";
import { temporaryDirectory } from "../mesh/testing/certificates.ts";
import { checkPorts } from "./port-check.ts";

async function takenPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.close();
    await once(server, "close");
  };
  return { port, [Symbol.asyncDispose]: close };
}

async function freePort(): Promise<number> {
  await using taken = await takenPort();
  return taken.port;
}

test("any port and a port that is free are fine", async () => {
  await expect(checkPorts({ reader: 0, relay: await freePort() })).resolves.toBeUndefined();
});

test("says which program's port is in use, by which process, and what to do", async () => {
  await using taken = await takenPort();
  await expect(checkPorts({ reader: 0, relay: taken.port })).rejects.toThrow(
    new RegExp(
      `^port ${taken.port} \\(relay\\) is in use by process ${process.pid} \\(.+\\): ` +
        "stop that first, or choose other ports with --port-base$",
    ),
  );
});

test("names two of many", async () => {
  await using first = await takenPort();
  await using second = await takenPort();
  await using third = await takenPort();
  const ports = { reader: first.port, terminal: second.port, relay: third.port };
  await expect(checkPorts(ports)).rejects.toThrow(
    /\(reader\).+; .+\(terminal\).+; and 1 more: stop/,
  );
});

test.each([
  { distance: 5, name: "inbox" },
  { distance: 24, name: "inbox, mail" },
  { distance: 74, name: "inbox, SMS" },
])("npm start says in one line that the port of the $name is taken", async (inbox) => {
  await using taken = await takenPort();
  await using directory = await temporaryDirectory();
  const io = recordedIo();
  const base = String(taken.port - inbox.distance);
  const words = ["start", "--once", "--data-dir", directory.path, "--port-base", base];
  expect(await runCommand(io, commandLine, words)).toBe(1);
  const [, ...errors] = io.told;
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain(`port ${taken.port} (${inbox.name}) is in use by process`);
});
