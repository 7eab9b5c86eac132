import type { BlockList } from "node:net";
import { indistinctOperators } from "../audit/settings.ts";
import type { Rate } from "../mesh/limits/rate-limits.ts";
import type { Log } from "../mesh/log.ts";
import { runProgram } from "../mesh/program.ts";
import { verifySchema } from "../prisma/migrations/verify-schema.ts";
import { fastCurves as curves } from "../sealing/curves/chosen-curves.ts";
import { verifyRelayCertificate } from "../sealing/keys/certificates.ts";
import { KeyFolder } from "../sealing/keys/key-files.ts";
import { jitterFrom, systemRandom as random } from "../sealing/random.ts";
import { type ConfigOf, StartError } from "../settings/read-config.ts";
import { dialProcessor } from "./forwarding/processor-link.ts";
import { strangersInReach } from "./notifications/notification-settings.ts";
import { startNotifications } from "./notifications/notifications.ts";
import { startRelay } from "./relay.ts";
import { openRelayStore } from "./relay-store.ts";
import { chainInFile } from "./sealed/key-file.ts";
import { chainInMemory, MinuteKeys } from "./sealed/minute-keys.ts";
import { RELAY_SETTINGS } from "./settings.ts";
import { Receivers } from "./webhooks/receivers.ts";

const PROGRAM = "relay/0.1.0";
/** Health probes look about this often. */
const PROBE_PERIOD_MS = 1_000;

await runProgram("relay", RELAY_SETTINGS, async (program, config) => {
  const { isProduction, clock, log, telemetry, faults } = program;
  const problem = problemOf(config, isProduction);
  if (problem !== undefined) throw new StartError(`relay cannot start:\n  ${problem}`);
  const folder = new KeyFolder(config.keysDirectory);
  const roots = folder.readTrustedRoots(curves);
  const envelope = folder.readCertificate();
  const { relayId } = verifyRelayCertificate({ curves, roots, envelope, nowMs: clock.nowMs() });
  const { databaseUrl } = config;
  for (const power of await verifySchema({ program: "relay", databaseUrl, isProduction })) {
    log.warn("the role of the database has more rights than the program needs", { power });
  }
  const { tlsDirectory: directory, trustDomain } = config;
  await using stack = new AsyncDisposableStack();
  // Without a name of its own a relay that starts again would not know what it left open.
  const instance = config.instance ?? relayId;
  const minuteKeys = new MinuteKeys(chainOf(config), { nowMs: () => clock.nowMs(), random });
  const kept = { faults, random, minuteKeys, onLogReset: tellReset(log) };
  const store = stack.use(openRelayStore(databaseUrl, instance, kept));
  const identity = stack.use(await program.identityFrom(directory));
  const processors = config.processors.map((target) =>
    stack.use(dialProcessor({ target, identity, trustDomain, clock, telemetry })),
  );
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
    fourEyes: config.fourEyes,
    paymentRate: rateOf(config.paymentsPerSecond),
    webhookNetworks: config.webhookNetworks,
    curves,
    clock,
    random,
    jitter: jitterFrom(random),
    log,
    telemetry,
    faults,
    ...(isProduction ? { probePeriodMs: PROBE_PERIOD_MS } : {}),
  });
  stack.use(
    startNotifications(store, config, {
      clock,
      log,
      telemetry,
      jitter: jitterFrom(random),
    }),
  );
  const running = stack.move();
  return {
    address: relay.address,
    async drain(graceMs) {
      await relay.drain(graceMs);
      await running.disposeAsync();
    },
  };
});

function chainOf({ minuteKeysFile }: ConfigOf<typeof RELAY_SETTINGS>) {
  return minuteKeysFile === undefined ? chainInMemory() : chainInFile(minuteKeysFile);
}

function tellReset(log: Log) {
  return ({ endedBefore }: { readonly endedBefore: bigint }) => {
    const fields = { event: "log_reset", sequence: endedBefore };
    log.error("the database has another history: the log of changes begins anew", fields);
  };
}

/** @returns why not to start: in production no webhook reaches a program of this machine. */
function insideInReach(networks: BlockList | undefined, isProduction: boolean) {
  if (!isProduction || !new Receivers(networks).isLocalNamed) return undefined;
  return "CARDLANE_WEBHOOK_NETWORKS must not name this machine in production";
}

/** What is wrong with settings that each are right. */
function problemOf(config: ConfigOf<typeof RELAY_SETTINGS>, isProduction: boolean) {
  return (
    strangersInReach(config, isProduction) ??
    insideInReach(config.webhookNetworks, isProduction) ??
    indistinctOperators(config)
  );
}

/** What is allowed in ten seconds is allowed at once, too. */
function rateOf(perSecond: number | undefined): Rate | undefined {
  return perSecond === undefined ? undefined : { perSecond, burst: perSecond * 10 };
}
