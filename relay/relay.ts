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
import { type MeshServer, serve } from "../mesh/server/serve.ts";
import { RelayCore, type RelayCoreOptions, type RelayHealth } from "./relay-core.ts";
import { MESSAGE_BYTES_MAX } from "./relay-service.ts";

interface RelayOptions extends RelayCoreOptions {
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
export async function startRelay(options: RelayOptions): Promise<RunningRelay> {
  const core = new RelayCore(options);
  await core.setClock();
  const { identity, listen, clock, log, telemetry, probePeriodMs } = options;
  const server = await serve({
    listen,
    services: core.services,
    clock,
    log,
    telemetry,
    limits: { messageBytesMax: MESSAGE_BYTES_MAX },
    callRate: options.callRate,
    bulkPeers: options.trustedProxies,
    ...(identity === undefined ? {} : { identity, policy: relayPolicy(options.trustDomain) }),
    ...(probePeriodMs === undefined ? {} : { probePeriodMs }),
  });
  const running = new Running(server, core);
  core.start((health) => running.setHealth(health));
  return running;
}

class Running implements RunningRelay {
  readonly #server: MeshServer;
  readonly #core: RelayCore;
  #isStopping = false;

  constructor(server: MeshServer, core: RelayCore) {
    this.#server = server;
    this.#core = core;
    server.health.setAll("NOT_SERVING");
  }

  get address(): string {
    return this.#server.address;
  }

  /** Without a database a relay records nothing; without a processor nobody can pay. */
  setHealth({ isDatabaseReached, isProcessorReached }: RelayHealth): void {
    if (this.#isStopping) return;
    const canPay = isDatabaseReached && isProcessorReached;
    const { health } = this.#server;
    health.set(RelayService.typeName, canPay ? "SERVING" : "NOT_SERVING");
    const canRead = isDatabaseReached ? "SERVING" : "NOT_SERVING";
    health.set(RelayRegistryService.typeName, canRead);
    health.set(RelayOversightService.typeName, canRead);
    health.set(NotificationService.typeName, canRead);
    health.set(WebhookService.typeName, canRead);
  }

  async drain(graceMs: number): Promise<void> {
    this.#isStopping = true;
    await this.#server.drain(graceMs);
    await this.#core[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#server[Symbol.asyncDispose]();
    await this.#core[Symbol.asyncDispose]();
  }
}

/** Who may call what of a relay. */
function relayPolicy(trustDomain: string): Policy {
  const relay = RelayService.typeName;
  return [
    {
      identity: `spiffe://${trustDomain}/terminal/*`,
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
      ],
    },
  ];
}
