import { openRunningMesh, type RunningMesh } from "../../dev-mesh/clients.ts";
import { allTerminals } from "../../dev-mesh/device-lists.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import type { CommandIo, CommonOptions } from "../io/command-io.ts";
import { deviceStateWord } from "../print/words.ts";

/** What an operator can do with a device, by the name of the command. */
export const DEVICE_COMMANDS = [
  { name: "suspend", state: DeviceState.SUSPENDED, says: "refuse all that it does from now on" },
  { name: "activate", state: DeviceState.ACTIVE, says: "serve one again that was suspended" },
  { name: "retire", state: DeviceState.RETIRED, says: "never serve it again" },
] as const;

/** Sets a reader's state at processor and relay. @returns the exit code. */
export async function setReaderState(
  io: CommandIo,
  serial: string,
  state: DeviceState,
  options: CommonOptions,
): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const { processorRegistry, relayRegistry } = mesh.clients;
  await atBoth(`reader ${serial}`, state, {
    processor: () => processorRegistry.setReaderState({ serial, state }),
    relay: () => relayRegistry.setReaderState({ serial, state }),
  });
  io.tell(`Reader ${serial} is ${deviceStateWord(state)} now.`);
  return EXIT_CODES.approved;
}

/**
 * Sets a terminal's state at processor and relay.
 *
 * @param name "CORNERCOFFEE001/TILL0001", or the terminal id alone where one merchant has it.
 * @returns the exit code.
 */
export async function setTerminalState(
  io: CommandIo,
  name: string,
  state: DeviceState,
  options: CommonOptions,
): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const { processorRegistry, relayRegistry } = mesh.clients;
  const { merchantId, terminalId } = await terminalNamed(mesh, name);
  const key = { merchantId, terminalId };
  const device = `terminal ${merchantId}/${terminalId}`;
  await atBoth(device, state, {
    processor: () => processorRegistry.setTerminalState({ ...key, state }),
    relay: () => relayRegistry.setTerminalState({ ...key, state }),
  });
  io.tell(`${device.replace("t", "T")} is ${deviceStateWord(state)} now.`);
  return EXIT_CODES.approved;
}

/** @throws CommandError when there is none, or there are several of this id. */
export async function terminalNamed({ clients }: RunningMesh, name: string) {
  const found = (await allTerminals(clients.relayRegistry)).filter(({ merchantId, terminalId }) =>
    name.includes("/") ? name === `${merchantId}/${terminalId}` : name === terminalId,
  );
  const [terminal, ...others] = found;
  if (terminal === undefined) {
    throw new CommandError("NOT_FOUND", `the relay has no terminal ${name}: cardlane terminals`);
  }
  if (others.length > 0) {
    const names = found.map(({ merchantId, terminalId }) => `${merchantId}/${terminalId}`);
    throw new CommandError("USAGE", `several terminals are called so: ${names.join(", ")}`);
  }
  return terminal;
}

/** The processor first: what it refuses is refused, whatever the relay still passes on. */
async function atBoth(
  device: string,
  state: DeviceState,
  set: Readonly<Record<"processor" | "relay", () => Promise<unknown>>>,
): Promise<void> {
  await set.processor();
  try {
    await set.relay();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const done = `${device} is ${deviceStateWord(state)} at the processor, not yet at the relay`;
    throw new CommandError("NOT_FOUND", `${done}; run it again: ${why}`);
  }
}
