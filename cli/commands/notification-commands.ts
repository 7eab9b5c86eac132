import { type Command, Option } from "commander";
import type { CommandIo, CommonOptions } from "../io/command-io.ts";
import { DEVICE_COMMANDS, setReaderState, setTerminalState } from "./device-state.ts";
import { readers, terminals } from "./devices.ts";
import { inbox } from "./inbox.ts";
import {
  type NotificationsOptions,
  notifications,
  type ReceiptOptions,
  resend,
  sendReceipt,
  setOptOut,
} from "./notifications.ts";
import {
  type AddTerminalOptions,
  addTerminal,
  type ContactOptions,
  setTerminal,
} from "./terminal-contact.ts";
import {
  type AddWebhookOptions,
  addWebhook,
  type RedeliverOptions,
  redeliverWebhook,
  removeWebhook,
  webhooks,
} from "./webhooks.ts";

interface CommandFrame {
  readonly io: CommandIo;
  readonly finish: (exitCode: number) => void;
  /** Adds the options that every command has. */
  readonly common: (command: Command) => Command;
}

/** Devices, and results that reach people: contacts, what was sent, the inbox. */
export function addNotificationCommands(program: Command, frame: CommandFrame): void {
  const { io, finish, common } = frame;
  addReaders(program, frame);
  addTerminals(program, frame);
  addNotifications(program, frame);
  addWebhooks(program, frame);
  common(
    program.command("inbox").description("show the mail and SMS that arrived in this mesh's inbox"),
  ).action(async (options: CommonOptions) => finish(await inbox(io, options)));
  common(
    withLanguage(
      program
        .command("receipt <number>")
        .description("send a cardholder the receipt of a payment")
        .option("--phone <number>", "by SMS, to a number with country code")
        .option("--email <mailbox>", "by e-mail"),
    ),
  ).action(async (number: string, options: ReceiptOptions) => {
    finish(await sendReceipt(io, number, options));
  });
}

function addTerminals(program: Command, frame: CommandFrame): void {
  const { io, finish, common } = frame;
  const command = program
    .command("terminals")
    .description("terminals of the relay: list, add, set, suspend, activate, retire");
  common(
    command.command("list", { isDefault: true }).description("list the terminals of the relay"),
  ).action(async (options: CommonOptions) => finish(await terminals(io, options)));
  common(
    withContact(
      command
        .command("add <certificate>")
        .description("register a terminal by its certificate.json")
        .option("--currencies <codes>", "what it may charge in", "EUR"),
    ),
  ).action(async (certificate: string, options: AddTerminalOptions) => {
    finish(await addTerminal(io, certificate, options));
  });
  common(
    withContact(
      command
        .command("set <terminal>")
        .description("set whom a terminal's results are sent to; an empty value sends nothing"),
    ),
  ).action(async (terminal: string, options: ContactOptions) => {
    finish(await setTerminal(io, terminal, options));
  });
  addDeviceStates(command, "terminal", frame, setTerminalState);
}

function addReaders(program: Command, frame: CommandFrame): void {
  const { io, finish, common } = frame;
  const command = program
    .command("readers")
    .description("readers of the relay: list, suspend, activate, retire");
  common(
    command.command("list", { isDefault: true }).description("list the readers of the relay"),
  ).action(async (options: CommonOptions) => finish(await readers(io, options)));
  addDeviceStates(command, "serial", frame, setReaderState);
}

/** suspend, activate and retire, for one kind of device. */
function addDeviceStates(
  command: Command,
  argument: string,
  { io, finish, common }: CommandFrame,
  set: typeof setReaderState,
): void {
  for (const { name, state, says } of DEVICE_COMMANDS) {
    common(command.command(`${name} <${argument}>`).description(says)).action(
      async (device: string, options: CommonOptions) =>
        finish(await set(io, device, state, options)),
    );
  }
}

function addNotifications(program: Command, { io, finish, common }: CommandFrame): void {
  const command = program
    .command("notifications")
    .description("what was sent, what waits, what was given up");
  common(
    command
      .command("list", { isDefault: true })
      .description("list the newest notifications")
      .addOption(new Option("--state <state>", "queued, sent, delivered, failed or suppressed")),
  ).action(async (options: NotificationsOptions) => finish(await notifications(io, options)));
  common(command.command("resend <id>").description("send one again")).action(
    async (id: string, options: CommonOptions) => finish(await resend(io, id, options)),
  );
  for (const { name, says, isOptedOut } of [
    { name: "stop", says: "send nothing to an address any more", isOptedOut: true },
    { name: "allow", says: "send to an address again", isOptedOut: false },
  ]) {
    common(command.command(`${name} <address>`).description(says)).action(
      async (address: string, options: CommonOptions) =>
        finish(await setOptOut(io, address, isOptedOut, options)),
    );
  }
}

function addWebhooks(program: Command, { io, finish, common }: CommandFrame): void {
  const command = program
    .command("webhooks")
    .description("other machines that every change is pushed to");
  common(command.command("list", { isDefault: true }).description("list the webhooks")).action(
    async (options: CommonOptions) => finish(await webhooks(io, options)),
  );
  common(
    command
      .command("add <url>")
      .description("push every change from now on to a URL; prints the secret")
      .option("--merchant <id>", "only records of this merchant"),
  ).action(async (url: string, options: AddWebhookOptions) => {
    finish(await addWebhook(io, url, options));
  });
  common(command.command("remove <id>").description("end a webhook")).action(
    async (id: string, options: CommonOptions) => finish(await removeWebhook(io, id, options)),
  );
  common(
    command
      .command("redeliver <id>")
      .description("deliver events again")
      .option("--after <sequence>", "only those after this one", "0"),
  ).action(async (id: string, options: RedeliverOptions) => {
    finish(await redeliverWebhook(io, id, options));
  });
}

function withContact(command: Command): Command {
  return withLanguage(
    command
      .option("--phone <number>", "telephone number with country code, for SMS")
      .option("--email <mailbox>", "mailbox, for e-mail"),
  );
}

function withLanguage(command: Command): Command {
  return command
    .option("--language <tag>", "such as en-GB or zh-CN")
    .option("--time-zone <zone>", "such as Europe/Vienna");
}
