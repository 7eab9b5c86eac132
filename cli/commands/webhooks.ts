import { openRunningMesh } from "../../dev-mesh/clients.ts";
import {
  AddWebhookResponseSchema,
  ListWebhooksResponseSchema,
} from "../../gen/cardlane/relay/v1/webhook_pb.ts";
import { printable } from "../../mesh/printable.ts";
import { CommandError, EXIT_CODES } from "../command-end.ts";
import { type CommandIo, type CommonOptions, printMessage } from "../io/command-io.ts";
import type { Flags, OptionsOf } from "../io/flags.ts";
import { type Column, tableLines } from "../print/text.ts";

const COLUMNS: readonly Column[] = [
  { heading: "Webhook" },
  { heading: "URL" },
  { heading: "Merchant" },
  { heading: "Up to", isRight: true },
  { heading: "Waiting", isRight: true },
  { heading: "Reason" },
];

export const ADD_WEBHOOK_FLAGS = {
  "--merchant <id>": "only records of this merchant",
} satisfies Flags;

export const REDELIVER_FLAGS = {
  "--after <sequence>": { says: "only those after this one", default: "0" },
} satisfies Flags;

/** Prints who is told of every change. @returns the exit code. */
export async function webhooks(io: CommandIo, options: CommonOptions): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const response = await mesh.clients.webhooks.listWebhooks({});
  if (options.json === true) {
    printMessage(io, ListWebhooksResponseSchema, response);
    return EXIT_CODES.approved;
  }
  const rows = response.webhooks.map((one) => [
    one.id,
    printable(one.url),
    one.merchantId === "" ? "all" : one.merchantId,
    String(one.afterSequence),
    String(one.waiting),
    one.endedAtMs === 0n ? printable(one.reason) : `ended: ${printable(one.reason)}`,
  ]);
  for (const line of tableLines(COLUMNS, rows, io.paint)) io.print(line);
  return EXIT_CODES.approved;
}

/** Starts a webhook and prints its secret, this once. @returns the exit code. */
export async function addWebhook(
  io: CommandIo,
  url: string,
  options: OptionsOf<typeof ADD_WEBHOOK_FLAGS>,
): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const request = { url, merchantId: options.merchant ?? "" };
  const response = await mesh.clients.webhooks.addWebhook(request);
  if (options.json === true) {
    printMessage(io, AddWebhookResponseSchema, response);
  } else {
    io.print(`${response.webhook?.id ?? ""}  ${response.secret}`);
    io.tell("The secret is not shown again.");
  }
  return EXIT_CODES.approved;
}

/** Ends a webhook. @returns the exit code. */
export async function removeWebhook(
  io: CommandIo,
  id: string,
  options: CommonOptions,
): Promise<number> {
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  await mesh.clients.webhooks.removeWebhook({ id });
  io.tell("Nothing is pushed there any more.");
  return EXIT_CODES.approved;
}

/** Delivers events again. @returns the exit code. */
export async function redeliverWebhook(
  io: CommandIo,
  id: string,
  options: OptionsOf<typeof REDELIVER_FLAGS>,
): Promise<number> {
  if (!/^\d{1,19}$/.test(options.after)) {
    throw new CommandError("USAGE", "--after must be a sequence, as `watch` shows it");
  }
  using mesh = await openRunningMesh(options.dataDir, io.clock);
  const afterSequence = BigInt(options.after);
  const { events } = await mesh.clients.webhooks.redeliverWebhook({ id, afterSequence });
  io.tell(`${events} events are delivered again.`);
  return EXIT_CODES.approved;
}
