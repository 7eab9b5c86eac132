import { auditService } from "../audit/audit-service.ts";
import { audited } from "../audit/audited-services.ts";
import { OperatorAudit } from "../audit/operator-audit.ts";
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
import type { RelaySurroundings } from "./relay-surroundings.ts";
import { Receivers } from "./webhooks/receivers.ts";
import { webhookService } from "./webhooks/webhook-service.ts";

/** What terminals and people are served. */
export function servicesOf(
  options: Pick<RelayOptions, "store" | "paymentRate" | "fourEyes" | "webhookNetworks">,
  made: {
    readonly registry: Registry;
    readonly waiting: Waiting;
    readonly around: RelaySurroundings;
    readonly manifest: ManifestKeeper;
    readonly intake: Intake;
    readonly cancellation: Cancellation;
  },
): readonly MeshService[] {
  const { store } = options;
  const { events } = store;
  const { registry, around } = made;
  const { clock, random } = around;
  const queries = new PaymentQueries(store.queries, events);
  const services = [
    relayService({
      intake: made.intake,
      waiting: made.waiting,
      paymentRates: new RateLimits(options.paymentRate ?? PAYMENT_RATE, clock),
      registry,
      queries,
      watch: new PaymentWatch(store.queries, events, around),
      cancellation: made.cancellation,
      manifest: made.manifest,
      around,
    }),
    registryService(registry, store.registry, store.contacts, clock),
    notificationService({
      store: store.notifications,
      shares: store.receiptShares,
      queries,
      registry,
      around,
    }),
    webhookService(store.webhooks, new Receivers(options.webhookNetworks), clock, random),
    oversightService(store.oversight),
    auditService(store.audit),
  ];
  const { fourEyes } = options;
  const audit = { entries: store.audit, program: "relay", fourEyes, clock, log: around.log };
  return audited(services, new OperatorAudit(audit));
}
