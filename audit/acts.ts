/**
 * What operators may have to do by two: the words of CARDLANE_FOUR_EYES. Each is a kind of act, so
 * that one setting holds for relay, processor and PIN service.
 */
export const ACT_KINDS = [
  "devices",
  "relays",
  "contacts",
  "webhooks",
  "messages",
  "opt-outs",
  "payments",
  "reversals",
  "cards",
] as const;
export type ActKind = (typeof ACT_KINDS)[number];

export interface Act {
  readonly kind: ActKind;
  /** Terminals call it as well, for payments of their own. It is no act unless an operator does. */
  readonly isTerminalsToo?: true;
}

const RELAY = "cardlane.relay.v1";
const REGISTRY = `${RELAY}.RelayRegistryService`;
const PROCESSOR = "cardlane.processor.v1.ProcessorRegistryService";

/** Everything that an operator can change, by "package.Service/Method". */
export const ACTS: Readonly<Record<string, Act>> = {
  [`${REGISTRY}/RegisterReaders`]: { kind: "devices" },
  [`${REGISTRY}/RegisterTerminals`]: { kind: "devices" },
  [`${REGISTRY}/SetReaderState`]: { kind: "devices" },
  [`${REGISTRY}/SetTerminalState`]: { kind: "devices" },
  [`${REGISTRY}/SetTerminalContact`]: { kind: "contacts" },
  [`${RELAY}.WebhookService/AddWebhook`]: { kind: "webhooks" },
  [`${RELAY}.WebhookService/RemoveWebhook`]: { kind: "webhooks" },
  [`${RELAY}.WebhookService/RedeliverWebhook`]: { kind: "webhooks" },
  [`${RELAY}.NotificationService/ResendNotification`]: { kind: "messages" },
  [`${RELAY}.NotificationService/SendReceipt`]: { kind: "messages", isTerminalsToo: true },
  [`${RELAY}.NotificationService/SetOptOut`]: { kind: "opt-outs" },
  [`${RELAY}.RelayService/CancelPayment`]: { kind: "payments", isTerminalsToo: true },
  [`${PROCESSOR}/RegisterRelays`]: { kind: "relays" },
  [`${PROCESSOR}/SetRelayState`]: { kind: "relays" },
  [`${PROCESSOR}/RegisterReaders`]: { kind: "devices" },
  [`${PROCESSOR}/RegisterTerminals`]: { kind: "devices" },
  [`${PROCESSOR}/SetReaderState`]: { kind: "devices" },
  [`${PROCESSOR}/SetTerminalState`]: { kind: "devices" },
  "cardlane.processor.v1.ProcessorOversightService/DecideHeldReversal": { kind: "reversals" },
  "cardlane.pin.v1.PinOversightService/UnlockCard": { kind: "cards" },
};
