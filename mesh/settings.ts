import { folder, integer, oneOf, setting, text } from "../settings/setting.ts";
import { parseFaults } from "./faults.ts";
import { LOG_LEVELS } from "./log.ts";

/** Where spans go. OpenTelemetry's own set-up reads its other variables itself. */
export const TELEMETRY_SETTINGS = {
  spansDirectory: setting({
    name: "CARDLANE_SPANS_DIR",
    reads: folder,
    unset: "no spans in files",
    says: "the folder that gets spans as JSON lines. A collector (`OTEL_…`) takes its place.",
  }),
  collector: setting({
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    reads: text,
    unset: "no collector",
    says:
      "the OTLP collector that gets the spans. OpenTelemetry defines this variable, and others " +
      "for headers, protocol and certificates.",
  }),
  tracesCollector: setting({
    name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    reads: text,
    unset: "`OTEL_EXPORTER_OTLP_ENDPOINT`",
    says: "a collector for traces alone.",
  }),
  exporter: setting({
    name: "OTEL_TRACES_EXPORTER",
    reads: text,
    unset: "`otlp` with an endpoint",
    says: "the exporters by OpenTelemetry's names, or `none` for no spans at all.",
  }),
  sdkDisabled: setting({
    name: "OTEL_SDK_DISABLED",
    reads: text,
    unset: "enabled",
    says: "`true`: no spans at all.",
  }),
  sampler: setting({
    name: "OTEL_TRACES_SAMPLER",
    reads: text,
    default: "always_on",
    says:
      "which traces that begin here are recorded: `always_on`, `always_off` or `traceidratio`. " +
      "A trace that comes with a request keeps its caller's decision.",
  }),
  samplerRatio: setting({
    name: "OTEL_TRACES_SAMPLER_ARG",
    reads: text,
    default: "1",
    says: "the share that `traceidratio` records, 0 to 1.",
  }),
};

/** Of every program. */
export const PROGRAM_SETTINGS = {
  nodeEnvironment: setting({
    name: "NODE_ENV",
    reads: text,
    unset: "development",
    says:
      "`production` refuses plaintext, development keys, test cards, faults on demand and a " +
      "start that lets others read the memory, and gives health probes a second before a stop.",
  }),
  instance: setting({
    name: "CARDLANE_INSTANCE",
    reads: text,
    unset: "program and process id: `terminal-4711`",
    says: "the name of this process in the mesh: in greetings, log lines and spans.",
  }),
  logLevel: setting({
    name: "CARDLANE_LOG_LEVEL",
    reads: oneOf(LOG_LEVELS),
    default: "info",
    says: "the least that is logged, as JSON lines on standard output.",
  }),
  faults: setting({
    name: "CARDLANE_FAULTS",
    reads: { expected: "faults as in [faults.md](faults.md)", parse: parseFaults },
    unset: "no faults",
    refusedInProduction: "it makes a program fail",
    says: "what this program is to lose, repeat, delay or die of.",
  }),
  ...TELEMETRY_SETTINGS,
};

/** Of every program that speaks mutual TLS. */
export const TLS_SETTINGS = {
  tlsDirectory: setting({
    name: "CARDLANE_TLS_DIR",
    reads: folder,
    unset: "plaintext, on loopback only, and never in production",
    says:
      "the folder with `ca.pem`, `cert.pem` and `key.pem`. " +
      "The program looks every ten seconds whether they were replaced.",
  }),
  trustDomain: setting({
    name: "CARDLANE_TRUST_DOMAIN",
    reads: text,
    default: "cardlane.dev",
    says: "the trust domain of the SPIFFE identities in the mesh.",
  }),
};

/** Of a program that writes in groups (group-commit.ts). */
export const GROUP_SETTINGS = {
  itemsMax: setting({
    name: "CARDLANE_GROUP_MAX",
    reads: integer({ min: 1, max: 256, unit: "rows" }),
    default: "256",
    says: "most rows in one statement. 1 measures what grouping gives.",
  }),
  paceMs: setting({
    name: "CARDLANE_GROUP_PACE_MS",
    reads: integer({ min: 0, max: 1_000, unit: "ms" }),
    default: "10",
    says: "from the start of one group to the start of the next. 0 measures what the pace gives.",
  }),
};
