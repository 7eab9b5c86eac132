import { openRunningMesh } from "../../dev-mesh/clients.ts";
import {
  ListNotificationsResponseSchema,
  type Notification,
  NotificationChannel,
  NotificationSchema,
  NotificationState,
} from "../../gen/cardlane/relay/v1/notification_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { formatRecordNumber, parseRecordNumber } from "../../payment/record-number.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import { type CommandIo, type CommonOptions, printMessage } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { type Column, formatWhen, tableLines } from "../print/text.ts";
import { stateWord } from "../print/words.ts";
import { LANGUAGE_FLAGS } from "./terminal-contact.ts";

export const NOTIFICATIONS_FLAGS = {
  "--state <state>": "queued, sent, delivered, failed or suppressed",
} satisfies Flags;

export const RECEIPT_FLAGS = {
  "--phone <number>": "by SMS, to a number with country code",
  "--email <mailbox>": "by e-mail",
  ...LANGUAGE_FLAGS,
} satisfies Flags;

const COLUMNS: readonly Column[] = [
  { heading: "Record" },
  { heading: "Payment" },
  { heading: "By" },
  { heading: "To" },
  { heading: "State" },
  { heading: "Tries", isRight: true },
  { heading: "Since" },
  { heading: "Id and reason" },
];

/** Prints what was sent, what waits and what was given up. @returns the exit code. */
export async function notifications(
  io: CommandIo,
  options: OptionsOf<typeof NOTIFICATIONS_FLAGS>,
): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const state = parseState(options.state);
  const response = await mesh.clients.notifications.listNotifications({ state });
  if (options.json === true) {
    printMessage(io, ListNotificationsResponseSchema, response);
    return EXIT_CODES.approved;
  }
  const rows = response.notifications.map(rowOf);
  for (const line of tableLines(COLUMNS, rows, io.paint)) io.print(line);
  return EXIT_CODES.approved;
}

/** Sends one again. @returns the exit code. */
export async function resend(io: CommandIo, id: string, options: CommonOptions): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const { notification } = await mesh.clients.notifications.resendNotification({ id });
  return tell(io, options, notification);
}

/** Sends a receipt to the cardholder. @returns the exit code. */
export async function sendReceipt(
  io: CommandIo,
  recordNumber: string,
  options: OptionsOf<typeof RECEIPT_FLAGS>,
): Promise<number> {
  const { phone, email, language = "", timeZone = "" } = options;
  if ((phone === undefined) === (email === undefined)) {
    throw new CommandError("USAGE", "receipt needs either --phone or --email");
  }
  const address =
    phone === undefined
      ? ({ case: "email", value: email ?? "" } as const)
      : ({ case: "phone", value: phone } as const);
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const request = {
    recordNumber: parseRecordNumber(recordNumber, "record number"),
    address,
    language,
    timeZone,
  };
  const { notification } = await mesh.clients.notifications.sendReceipt(request);
  return tell(io, options, notification);
}

/** Stops or allows an address. @returns the exit code. */
export async function setOptOut(
  io: CommandIo,
  address: string,
  isOptedOut: boolean,
  options: CommonOptions,
): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  await mesh.clients.notifications.setOptOut({ address, isOptedOut });
  io.tell(isOptedOut ? "Nothing will be sent there any more." : "Allowed again.");
  return EXIT_CODES.approved;
}

function tell(io: CommandIo, { json }: CommonOptions, notification?: Notification): number {
  if (notification === undefined) return EXIT_CODES.error;
  if (json === true) printMessage(io, NotificationSchema, notification);
  else for (const line of tableLines(COLUMNS, [rowOf(notification)], io.paint)) io.print(line);
  return EXIT_CODES.approved;
}

function rowOf(one: Notification): string[] {
  return [
    formatRecordNumber(parseRecordNumber(one.recordNumber)),
    stateWord(one.paymentState),
    one.channel === NotificationChannel.SMS ? "SMS" : "e-mail",
    printable(one.address),
    stateName(one.state),
    String(one.attempts),
    formatWhen(Number(one.createdAtMs)),
    printable(one.reason === "" ? one.id : `${one.id}: ${one.reason}`),
  ];
}

/** As people write them; a newer relay may have more. */
const STATE_WORDS: Readonly<Record<number, string>> = {
  [NotificationState.QUEUED]: "queued",
  [NotificationState.SENT]: "sent",
  [NotificationState.DELIVERED]: "delivered",
  [NotificationState.FAILED]: "failed",
  [NotificationState.SUPPRESSED]: "suppressed",
};

function stateName(state: NotificationState): string {
  return STATE_WORDS[state] ?? `not known (${state})`;
}

function parseState(text: string | undefined): NotificationState {
  if (text === undefined) return NotificationState.UNSPECIFIED;
  const found = Object.entries(STATE_WORDS).find(([, word]) => word === text);
  if (found !== undefined) return Number(found[0]) as NotificationState;
  const words = Object.values(STATE_WORDS).join(", ");
  throw new CommandError("USAGE", `--state must be one of ${words}`);
}
