import { AuditService } from "../gen/cardlane/audit/v1/audit_pb.ts";
import { NotificationService } from "../gen/cardlane/relay/v1/notification_pb.ts";
import {
  RelayOversightService,
  RelayRegistryService,
  RelayService,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { WebhookService } from "../gen/cardlane/relay/v1/webhook_pb.ts";
import type { Identity } from "../mesh/identity/identity.ts";
import type { Rate } from "../mesh/limits/rate-limits.ts";
import type { Policy } from "../mesh/policy.ts";
import { serve } from "../mesh/server/serve.ts";
import type { Health } from "../mesh/services/health.ts";
import { openRelay, type RelayHealth } from "./open-relay.ts";
import type { RelayOptions } from "./relay-options.ts";
import { MESSAGE_BYTES_MAX } from "./relay-service.ts";

interface ServedRelayOptions extends RelayOptions {
  /** "host:port"; port 0 takes any. */
  readonly listen: string;
  /** With it: mutual TLS, and only those of the policy may call. */
  readonly identity?: Identity | undefined;
  /** "cardlane.dev" */
  readonly trustDomain: string;
  /** How long health probes get to see that the relay stops, in milliseconds. */
  readonly probePeriodMs?: number;
  /** Calls and new streams of each TLS identity. */
  readonly callRate?: Rate | undefined;
  /** SPIFFE URIs, as in policy.ts, and addresses behind which there are many terminals. */
  readonly trustedProxies?: readonly string[] | undefined;
}

/** A relay that serves. Disposing of it ends it at once; `drain` ends it in order. */
export interface RunningRelay extends AsyncDisposable {
  /** "127.0.0.1:7403" */
  readonly address: string;
  drain(graceMs: number): Promise<void>;
}

/** @throws Error when the port is taken, or plaintext was asked for beyond loopback. */
export async function startRelay(options: ServedRelayOptions): Promise<RunningRelay> {
  const { identity, listen, clock, log, telemetry, probePeriodMs } = options;
  await using stack = new AsyncDisposableStack();
  const { services, start } = await openRelay(options, stack);
  const server = stack.use(
    await serve({
      listen,
      services,
      clock,
      log,
      telemetry,
      limits: { messageBytesMax: MESSAGE_BYTES_MAX },
      callRate: options.callRate,
      bulkPeers: options.trustedProxies,
      ...(identity === undefined ? {} : { identity, policy: relayPolicy(options.trustDomain) }),
      ...(probePeriodMs === undefined ? {} : { probePeriodMs }),
    }),
  );
  let isStopping = false;
  server.health.setAll("NOT_SERVING");
  start((health) => {
    if (!isStopping) setHealth(server.health, health);
  });
  const running = stack.move();
  return {
    address: server.address,
    async drain(graceMs) {
      isStopping = true;
      await server.drain(graceMs);
      await running.disposeAsync();
    },
    async [Symbol.asyncDispose]() {
      isStopping = true;
      await running.disposeAsync();
    },
  };
}

/** Without a database a relay records nothing; without a processor nobody can pay. */
function setHealth(health: Health, { isDatabaseReached, isProcessorReached }: RelayHealth): void {
  const canPay = isDatabaseReached && isProcessorReached;
  health.set(RelayService.typeName, canPay ? "SERVING" : "NOT_SERVING");
  const canRead = isDatabaseReached ? "SERVING" : "NOT_SERVING";
  for (const { typeName } of [
    RelayRegistryService,
    RelayOversightService,
    NotificationService,
    WebhookService,
    AuditService,
  ]) {
    health.set(typeName, canRead);
  }
}

/** Who may call what of a relay. */
function relayPolicy(trustDomain: string): Policy {
  const relay = RelayService.typeName;
  return [
    {
      identity: `spiffe://${trustDomain}/terminal/*/*`,
      methods: [`${relay}/*`, `${NotificationService.typeName}/SendReceipt`],
    },
    {
      identity: `spiffe://${trustDomain}/operator/*`,
      methods: [
        `${relay}/GetPayment`,
        `${relay}/ListPayments`,
        `${relay}/WatchPayments`,
        `${relay}/CancelPayment`,
        `${relay}/GetManifest`,
        `${RelayRegistryService.typeName}/*`,
        `${NotificationService.typeName}/*`,
        `${WebhookService.typeName}/*`,
        `${RelayOversightService.typeName}/*`,
        `${AuditService.typeName}/*`,
      ],
    },
  ];
}
