import { RateLimits } from "../mesh/limits/rate-limits.ts";
import type { MeshService } from "../mesh/service.ts";
import type { ManifestKeeper } from "./forwarding/manifest-keeper.ts";
import type { Intake } from "./intake/intake.ts";
import { PAYMENT_RATE } from "./intake/terminal-stream.ts";
import { notificationService } from "./notifications/notification-service.ts";
import { oversightService } from "./oversight/oversight-service.ts";
import { PaymentQueries } from "./queries/payment-queries.ts";
import { PaymentWatch } from "./queries/payment-watch.ts";
import type { Waiting } from "./records/waiting.ts";
import type { Cancellation } from "./recovery/cancellation.ts";
import type { Registry } from "./registry/registry.ts";
import { registryService } from "./registry/registry-service.ts";
import type { RelayOptions } from "./relay-options.ts";
import { relayService } from "./relay-service.ts";
import { webhookService } from "./webhooks/webhook-service.ts";

/** What terminals and people are served. */
export function servicesOf(
  options: RelayOptions,
  made: {
    readonly registry: Registry;
    readonly waiting: Waiting;
    readonly stopping: AbortSignal;
    readonly manifest: ManifestKeeper;
    readonly intake: Intake;
    readonly cancellation: Cancellation;
  },
): readonly MeshService[] {
  const { program, instance, store, clock, random, jitter, log, telemetry, faults } = options;
  const { registry, waiting, stopping, intake } = made;
  const { events } = store;
  const queries = new PaymentQueries(store.queries, events);
  return [
    relayService({
      program,
      instance,
      intake,
      waiting,
      paymentRates: new RateLimits(options.paymentRate ?? PAYMENT_RATE, clock),
      registry,
      queries,
      watch: new PaymentWatch({ queries: store.queries, events, clock, stopping }),
      cancellation: made.cancellation,
      manifest: made.manifest,
      clock,
      jitter,
      log,
      telemetry,
      faults,
    }),
    registryService({
      store: store.registry,
      contacts: store.contacts,
      registry,
      curves: options.curves,
      roots: options.keys.roots,
      clock,
    }),
    notificationService({ store: store.notifications, queries, registry, clock }),
    webhookService(store.webhooks, clock, random),
    oversightService(store.oversight),
  ];
}
