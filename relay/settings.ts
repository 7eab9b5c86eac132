import { AUDIT_SETTINGS } from "../audit/settings.ts";
import type { Rate } from "../mesh/limits/rate-limits.ts";
import { DEFAULT_CALL_RATE } from "../mesh/server/server-limits.ts";
import { TLS_SETTINGS } from "../mesh/settings.ts";
import { SEALING_SETTINGS } from "../sealing/settings.ts";
import {
  file,
  form,
  hostPort,
  hostPorts,
  integer,
  setting,
  text,
  texts,
} from "../settings/setting.ts";
import { PAYMENT_RATE } from "./intake/terminal-stream.ts";
import { NOTIFICATION_SETTINGS } from "./notifications/notification-settings.ts";
import { DEADLINE_MS } from "./relay-options.ts";
import { networksIn } from "./webhooks/receivers.ts";

const perSecond = (unit: string) => integer({ min: 1, max: 1_000_000, unit });

export const RELAY_SETTINGS = {
  listen: setting({
    name: "CARDLANE_LISTEN",
    reads: hostPort,
    default: "127.0.0.1:7403",
    says: "where terminals and operators reach the relay.",
  }),
  databaseUrl: setting({
    name: "DATABASE_URL",
    reads: text,
    secret: true,
    says: "the relay's PostgreSQL database, `postgresql://role:password@host:port/database`.",
  }),
  processors: setting({
    name: "CARDLANE_PROCESSORS",
    reads: hostPorts,
    says: "the processors. The relay spreads its payments over them.",
  }),
  instance: setting({
    name: "CARDLANE_INSTANCE",
    reads: text,
    unset: "the relay id of its certificate",
    says:
      "the name of this process. A relay that starts again under its name takes up what it left " +
      "open, so each of several relays on one database needs its own.",
  }),
  deadlineMs: setting({
    name: "CARDLANE_DEADLINE_MS",
    reads: integer({ min: 1_000, max: 120_000, unit: "ms" }),
    default: String(DEADLINE_MS),
    says: "until the relay reverses a payment without an answer.",
  }),
  callsPerSecond: setting({
    name: "CARDLANE_CALLS_PER_SECOND",
    reads: perSecond("calls a second"),
    unset: inWords(DEFAULT_CALL_RATE),
    says: "calls that one TLS identity may make; ten times as many at once.",
  }),
  paymentsPerSecond: setting({
    name: "CARDLANE_PAYMENTS_PER_SECOND",
    reads: perSecond("payments a second"),
    unset: inWords(PAYMENT_RATE),
    says: "payments that one terminal may submit; ten times as many at once.",
  }),
  trustedProxies: setting({
    name: "CARDLANE_TRUSTED_PROXIES",
    reads: texts,
    unset: "no proxies",
    says:
      "addresses and `spiffe://` URIs of proxies that many terminals are behind " +
      "([mesh.md](mesh.md#behind-a-proxy)).",
  }),
  minuteKeysFile: setting({
    name: "CARDLANE_MINUTE_KEYS_FILE",
    reads: file,
    unset: "memory alone",
    says:
      "the file of the secret under which sealed data stands in the database. The relay makes " +
      "it, and replaces it each minute. Relays of one database share it, or each begins with a " +
      "copy. It belongs in no backup. Without it a payment that is open when the relay ends " +
      "goes on only if its terminal comes back, and is undone otherwise.",
  }),
  webhookNetworks: setting({
    name: "CARDLANE_WEBHOOK_NETWORKS",
    reads: form("networks such as 10.1.0.0/16, separated by commas", (value) =>
      networksIn(value.split(",").map((one) => one.trim())),
    ),
    unset: "the public internet alone",
    says:
      "networks of the inside that webhooks may reach as well. With 127.0.0.0/8 they may also be " +
      "http on this machine, which production refuses.",
  }),
  ...SEALING_SETTINGS,
  ...TLS_SETTINGS,
  ...NOTIFICATION_SETTINGS,
  ...AUDIT_SETTINGS,
};

function inWords({ perSecond, burst }: Rate): string {
  return `${perSecond}, and ${burst.toLocaleString("en")} at once`;
}
