import { type DestinationStream, type Logger, pino } from "pino";
import { PaymentError } from "../payment/errors.ts";
import type { Clock } from "./clock.ts";
import { type Rate, RateLimits } from "./limits/rate-limits.ts";
import type { ProgramInstance } from "./program-instance.ts";
import { parseTraceparent } from "./traceparent.ts";

/**
 * Everything a log line may carry beside its message. A field that is not here is dropped, so card
 * data cannot reach a log by accident. Messages are fixed sentences, never built from input.
 */
const LOG_FIELDS = {
  /** Names what an operator has to hear of, for filters and alarms: "reader_suspended". */
  event: "event",
  paymentId: "payment_id",
  recordNumber: "record_number",
  paymentState: "payment_state",
  outcome: "outcome",
  responseCode: "response_code",
  errorCode: "error_code",
  errorName: "error_name",
  reason: "reason",
  status: "status",
  field: "field",
  merchantId: "merchant_id",
  terminalId: "terminal_id",
  readerSerial: "reader_serial",
  keyId: "key_id",
  manifestNumber: "manifest_number",
  peerIdentity: "peer_identity",
  peerAddress: "peer_address",
  peerInstance: "peer_instance",
  method: "method",
  address: "address",
  service: "service",
  count: "count",
  bytes: "bytes",
  durationMs: "duration_ms",
  attemptNumber: "attempt_number",
  streamNumber: "stream_number",
  power: "power",
  job: "job",
  signal: "signal",
  way: "way",
  setting: "setting",
  sequence: "sequence",
  hash: "hash",
  nearestSetting: "nearest_setting",
} as const;

export type LogFields = {
  readonly [K in keyof typeof LOG_FIELDS]?: string | number | bigint | boolean | undefined;
} & {
  /** Becomes trace_id and span_id. */
  readonly traceparent?: string | undefined;
};

/** JSON lines. `message` is a fixed sentence; what varies is in the fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /**
   * What may be an attack, at a level of its own that no setting but `silent` hides. Of one kind so
   * many are written as SECURITY_RATE allows; `count` says how many a line stands for.
   */
  security(event: SecurityEvent, message: string, fields?: Omit<LogFields, "event">): void;
  /**
   * An error that nobody expected. Its class and code are logged; its text and stack, which may
   * quote anything, only at level debug.
   */
  failure(message: string, error: unknown, fields?: LogFields): void;
}

/** Kinds of what may be an attack; docs/audit.md says what each means. */
type SecurityEvent =
  | "policy_refused"
  | "rights_ended"
  | "share_used_up"
  | "reader_suspended"
  | "reversal_held"
  | "pin_locked"
  | "sealed_data_rejected";

/** Lines of one kind of security event: who makes very many of them must not fill a disk. */
const SECURITY_RATE: Rate = { perSecond: 0.1, burst: 10 };

/** pino's own: warn is 40, error 50, fatal 60. Above all, so that no level hides it. */
const SECURITY_LEVEL = 70;

export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** @param destination standard output by default. */
export function createLog(
  { program, instance }: ProgramInstance,
  clock: Clock,
  level: LogLevel = "info",
  destination?: DestinationStream,
): Log {
  const settings = {
    level,
    base: { program, instance },
    messageKey: "message",
    customLevels: { security: SECURITY_LEVEL },
    timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = destination === undefined ? pino(settings) : pino(settings, destination);
  return new JsonLog(logger, clock);
}

/** For tests that do not look at logs. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  security() {},
  failure() {},
};

/** Longer values are cut: a log line is for people. */
const VALUE_CHARACTERS_MAX = 200;

class JsonLog implements Log {
  readonly #logger: Logger<"security">;
  readonly #rates: RateLimits;
  /** Security events that were not written, by kind. */
  readonly #unwritten = new Map<SecurityEvent, number>();

  constructor(logger: Logger<"security">, clock: Clock) {
    this.#logger = logger;
    this.#rates = new RateLimits(SECURITY_RATE, clock);
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled("debug")) this.#logger.debug(allowed(fields), message);
  }

  info(message: string, fields?: LogFields): void {
    if (this.#logger.isLevelEnabled("info")) this.#logger.info(allowed(fields), message);
  }

  warn(message: string, fields?: LogFields): void {
    this.#logger.warn(allowed(fields), message);
  }

  error(message: string, fields?: LogFields): void {
    this.#logger.error(allowed(fields), message);
  }

  security(event: SecurityEvent, message: string, fields: LogFields = {}): void {
    const count = (this.#unwritten.get(event) ?? 0) + Number(fields.count ?? 1);
    if (!this.#rates.isWithin(event)) {
      this.#unwritten.set(event, count);
      return;
    }
    this.#unwritten.delete(event);
    this.#logger.security(allowed({ ...fields, event, count }), message);
  }

  failure(message: string, error: unknown, fields?: LogFields): void {
    const errorName = error instanceof Error ? error.name : typeof error;
    const errorCode = error instanceof PaymentError ? error.code : systemCodeOf(error);
    this.error(message, { ...fields, errorName, errorCode });
    if (error instanceof Error) this.#logger.debug({ stack: error.stack }, message);
  }
}

function allowed(fields: LogFields = {}): Record<string, string | number | boolean> {
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || !Object.hasOwn(LOG_FIELDS, name)) continue;
    const key = LOG_FIELDS[name as keyof typeof LOG_FIELDS];
    kept[key] = typeof value === "bigint" ? value.toString() : shortened(value);
  }
  const span = parseTraceparent(fields.traceparent);
  if (span !== undefined) {
    kept.trace_id = span.traceId;
    kept.span_id = span.spanId;
  }
  return kept;
}

function shortened(value: string | number | boolean): string | number | boolean {
  return typeof value === "string" ? value.slice(0, VALUE_CHARACTERS_MAX) : value;
}

/** "ECONNREFUSED" and the like, which Node and pg put on their errors. */
function systemCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^\w{1,40}$/.test(error.code) ? error.code : undefined;
}
