import {
  hostPort,
  hostPorts,
  integer,
  optional,
  readConfig,
  StartError,
  text,
  texts,
  withDefault,
} from "../mesh/config.ts";
import { runProgram } from "../mesh/program.ts";
import type { Rate } from "../mesh/rate-limits.ts";
import { applyMigrations } from "../prisma/migrate.ts";
import { verifyRelayCertificate } from "../sealing/certificates.ts";
import { fastCurves as curves } from "../sealing/fast-curves.ts";
import { jitterFrom } from "../sealing/jitter.ts";
import { KeyFolder } from "../sealing/key-files.ts";
import { systemRandom as random } from "../sealing/random.ts";
import { dialProcessor } from "./forwarding/processor-link.ts";
import { NOTIFICATION_SETTINGS, strangersInReach } from "./notifications/notification-settings.ts";
import { startNotifications } from "./notifications/notifications.ts";
import { startRelay } from "./relay.ts";
import { openRelayStore } from "./relay-store.ts";

const PROGRAM = "relay/0.1.0";
/** Health probes look about this often. */
const PROBE_PERIOD_MS = 1_000;

const RATE_RANGE = { min: 1, max: 1_000_000 };

const SETTINGS = {
  ...NOTIFICATION_SETTINGS,
  listen: withDefault(
    hostPort("CARDLANE_LISTEN", "where terminals and people reach the relay"),
    "127.0.0.1:7403",
  ),
  keysDirectory: text("CARDLANE_KEYS_DIR", "the folder with the relay's keys"),
  databaseUrl: text("DATABASE_URL", "the relay's PostgreSQL database"),
  processors: hostPorts("CARDLANE_PROCESSORS", "the processors, host:port each"),
  tlsDirectory: optional(text("CARDLANE_TLS_DIR", "the folder with ca.pem, cert.pem, key.pem")),
  trustDomain: withDefault(
    text("CARDLANE_TRUST_DOMAIN", "trust domain of the SPIFFE identities"),
    "cardlane.dev",
  ),
  deadlineMs: optional(
    integer("CARDLANE_DEADLINE_MS", "milliseconds until a payment without an answer is reversed", {
      min: 1_000,
      max: 120_000,
    }),
  ),
  callsPerSecond: optional(
    integer("CARDLANE_CALLS_PER_SECOND", "calls that one TLS identity may make", RATE_RANGE),
  ),
  paymentsPerSecond: optional(
    integer("CARDLANE_PAYMENTS_PER_SECOND", "payments that one terminal may submit", RATE_RANGE),
  ),
  trustedProxies: optional(
    texts(
      "CARDLANE_TRUSTED_PROXIES",
      "spiffe:// URIs and addresses that many terminals are behind",
    ),
  ),
};

await runProgram("relay", async (program) => {
  const { environment, isProduction, clock, log, telemetry, faults } = program;
  const config = readConfig("relay", environment, SETTINGS);
  const problem = strangersInReach(config, isProduction);
  if (problem !== undefined) throw new StartError(`relay cannot start:\n  ${problem}`);
  const folder = new KeyFolder(config.keysDirectory);
  const roots = folder.readTrustedRoots(curves);
  const envelope = folder.readCertificate();
  const { relayId } = verifyRelayCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
  for (const migration of await applyMigrations({
    name: "relay",
    databaseUrl: config.databaseUrl,
  })) {
    log.info("migration applied", { migration });
  }
  const { tlsDirectory: directory, trustDomain } = config;
  const identity = await program.identityFrom(directory);
  const processors = config.processors.map((target) =>
    dialProcessor({ target, identity, trustDomain, clock, telemetry }),
  );
  // Without a name of its own a relay that starts again would not know what it left open.
  const instance = environment.CARDLANE_INSTANCE ?? relayId;
  const store = openRelayStore(config.databaseUrl, instance, faults);
  const relay = await startRelay({
    program: PROGRAM,
    instance,
    relayId,
    keys: {
      hop: curves.agreement(folder.readKey("hop")),
      signing: curves.signer(folder.readKey("signing")),
      roots,
    },
    store,
    processors,
    listen: config.listen,
    identity,
    trustDomain,
    deadlineMs: config.deadlineMs,
    callRate: rateOf(config.callsPerSecond),
    trustedProxies: config.trustedProxies,
    paymentRate: rateOf(config.paymentsPerSecond),
    curves,
    clock,
    random,
    jitter: jitterFrom(random),
    log,
    telemetry,
    faults,
    ...(isProduction ? { probePeriodMs: PROBE_PERIOD_MS } : {}),
  });
  const { databaseUrl } = config;
  const notifications = startNotifications({
    ...{ databaseUrl, clock, log, telemetry },
    store: store.notifications,
    webhooks: store.webhooks,
    retention: store.retention,
    settings: config,
  });
  return {
    address: relay.address,
    async drain(graceMs) {
      await relay.drain(graceMs);
      await notifications[Symbol.asyncDispose]();
      for (const processor of processors) processor[Symbol.dispose]();
      identity?.[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
});

/** What is allowed in ten seconds is allowed at once, too. */
function rateOf(perSecond: number | undefined): Rate | undefined {
  return perSecond === undefined ? undefined : { perSecond, burst: perSecond * 10 };
}
