import type { Command } from "commander";
import type { CommandIo, CommonOptions } from "../io/command-io.ts";
import { type CommandEnds, runs } from "../io/flags.ts";
import { DEVICE_COMMANDS, setReaderState, setTerminalState } from "./device-state.ts";
import { readers, terminals } from "./devices.ts";
import { inbox } from "./inbox.ts";
import {
  NOTIFICATIONS_FLAGS,
  notifications,
  RECEIPT_FLAGS,
  resend,
  sendReceipt,
  setOptOut,
} from "./notifications.ts";
import { ADD_TERMINAL_FLAGS, addTerminal, CONTACT_FLAGS, setTerminal } from "./terminal-contact.ts";
import {
  ADD_WEBHOOK_FLAGS,
  addWebhook,
  REDELIVER_FLAGS,
  redeliverWebhook,
  removeWebhook,
  webhooks,
} from "./webhooks.ts";

/** Devices, and results that reach people: contacts, what was sent, the inbox. */
export function addNotificationCommands(program: Command, ends: CommandEnds): void {
  addReaders(program, ends);
  addTerminals(program, ends);
  addNotifications(program, ends);
  addWebhooks(program, ends);
  runs(
    ends,
    program.command("inbox").description("show the mail and SMS that arrived in this mesh's inbox"),
    {},
    inbox,
  );
  runs(
    ends,
    program.command("receipt <number>").description("send a cardholder the receipt of a payment"),
    RECEIPT_FLAGS,
    sendReceipt,
  );
}

function addTerminals(program: Command, ends: CommandEnds): void {
  const command = program
    .command("terminals")
    .description("terminals of the relay: list, add, set, suspend, activate, retire");
  runs(
    ends,
    command.command("list", { isDefault: true }).description("list the terminals of the relay"),
    {},
    terminals,
  );
  runs(
    ends,
    command.command("add <certificate>").description("register a terminal by its certificate.json"),
    ADD_TERMINAL_FLAGS,
    addTerminal,
  );
  runs(
    ends,
    command
      .command("set <terminal>")
      .description("set whom a terminal's results are sent to; an empty value sends nothing"),
    CONTACT_FLAGS,
    setTerminal,
  );
  addDeviceStates(command, "terminal", ends, setTerminalState);
}

function addReaders(program: Command, ends: CommandEnds): void {
  const command = program
    .command("readers")
    .description("readers of the relay: list, suspend, activate, retire");
  runs(
    ends,
    command.command("list", { isDefault: true }).description("list the readers of the relay"),
    {},
    readers,
  );
  addDeviceStates(command, "serial", ends, setReaderState);
}

/** suspend, activate and retire, for one kind of device. */
function addDeviceStates(
  command: Command,
  argument: string,
  ends: CommandEnds,
  set: typeof setReaderState,
): void {
  for (const { name, state, says } of DEVICE_COMMANDS) {
    const one = command.command(`${name} <${argument}>`).description(says);
    runs(ends, one, {}, (io: CommandIo, device: string, options: CommonOptions) =>
      set(io, device, state, options),
    );
  }
}

function addNotifications(program: Command, ends: CommandEnds): void {
  const command = program
    .command("notifications")
    .description("what was sent, what waits, what was given up");
  runs(
    ends,
    command.command("list", { isDefault: true }).description("list the newest notifications"),
    NOTIFICATIONS_FLAGS,
    notifications,
  );
  runs(ends, command.command("resend <id>").description("send one again"), {}, resend);
  for (const { name, says, isOptedOut } of [
    { name: "stop", says: "send nothing to an address any more", isOptedOut: true },
    { name: "allow", says: "send to an address again", isOptedOut: false },
  ]) {
    runs(
      ends,
      command.command(`${name} <address>`).description(says),
      {},
      (io: CommandIo, address: string, options: CommonOptions) =>
        setOptOut(io, address, isOptedOut, options),
    );
  }
}

function addWebhooks(program: Command, ends: CommandEnds): void {
  const command = program
    .command("webhooks")
    .description("other machines that every change is pushed to");
  runs(
    ends,
    command.command("list", { isDefault: true }).description("list the webhooks"),
    {},
    webhooks,
  );
  runs(
    ends,
    command
      .command("add <url>")
      .description("push every change from now on to a URL; prints the secret"),
    ADD_WEBHOOK_FLAGS,
    addWebhook,
  );
  runs(ends, command.command("remove <id>").description("end a webhook"), {}, removeWebhook);
  runs(
    ends,
    command.command("redeliver <id>").description("deliver events again"),
    REDELIVER_FLAGS,
    redeliverWebhook,
  );
}
