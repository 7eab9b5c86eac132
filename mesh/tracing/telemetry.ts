import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { PaymentError } from "../../payment/errors.ts";
import type { Environment } from "../../settings/environment.ts";
import { systemClock } from "../clock.ts";
import type { ProgramInstance } from "../program-instance.ts";
import { formatTraceparent, isSampled, parseTraceparent } from "../traceparent.ts";
import { type SpanAttributes, toOtelAttributes } from "./span-attributes.ts";
import { openSpanExport, rootSampler, type SpanExport } from "./span-export.ts";

/**
 * The traces of one program. One payment is one trace; every hop makes its span with the
 * `traceparent` of the frame as parent, and puts its own `traceparent` into what it sends on.
 */
export interface Telemetry extends Disposable {
  readonly tracer: Tracer;
  /**
   * Starts a span. Whether it is sampled is decided before anything is made: by the parent's flag,
   * or by OTEL_TRACES_SAMPLER when there is no parent.
   *
   * @param parent `traceparent` of the frame; undefined, empty or malformed starts a new trace.
   * @param name as in OpenTelemetry's conventions, few distinct values: "relay.forward".
   */
  spanOf(
    parent: string | undefined,
    name: string,
    kind: HopKind,
    attributes?: SpanAttributes,
    options?: HopOptions,
  ): HopSpan;
  /**
   * One SQL statement that served a batch: a child span for each payment that is sampled, all over
   * the same time. Start it before the statement, `end` it after.
   */
  recordStatement(spans: Iterable<HopSpan | undefined>, statement: BatchedStatement): StatementSpan;
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

export type HopKind = "server" | "client" | "internal" | "producer" | "consumer";

interface HopOptions {
  /** `traceparent` of the stream's span, which is in another trace. */
  readonly link?: string | undefined;
}

/** The part of one trace that happens in one program. */
export interface HopSpan {
  /** For the next hop. Carries "not sampled" too, so that nobody down the line decides anew. */
  readonly traceparent: string;
  readonly isSampled: boolean;
  set(attributes: SpanAttributes): void;
  /** @param errorType a PaymentErrorCode or gRPC status name; omitted when all went well. */
  end(errorType?: string): void;
}

interface BatchedStatement {
  /** "INSERT" */
  readonly operation: string;
  /** Table: "record" */
  readonly collection: string;
  readonly rows: number;
}

interface StatementSpan {
  end(errorType?: string): void;
}

/** Starts what openSpanExport (span-export.ts) finds in the environment. */
export async function startTelemetry(
  of: ProgramInstance,
  environment: Environment,
): Promise<Telemetry> {
  const spans = await openSpanExport(of, environment);
  return spans === undefined ? noTelemetry : new Traces(spans, rootSampler(environment));
}

class Traces implements Telemetry {
  readonly tracer: Tracer;
  readonly #spans: SpanExport;
  readonly #isRootSampled: () => boolean;

  constructor(spans: SpanExport, isRootSampled: () => boolean) {
    this.#spans = spans;
    this.#isRootSampled = isRootSampled;
    this.tracer = spans.tracer;
  }

  spanOf(
    parent: string | undefined,
    name: string,
    kind: HopKind,
    attributes: SpanAttributes = {},
    options: HopOptions = {},
  ): HopSpan {
    const parentContext = parseTraceparent(parent);
    if (parentContext === undefined) {
      if (!this.#isRootSampled()) return UNSAMPLED_ROOT;
    } else if (!isSampled(parentContext)) {
      return new UnsampledSpan(parent ?? "");
    }
    const context =
      parentContext === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, parentContext);
    const span = this.tracer.startSpan(
      name,
      {
        kind: KINDS[kind],
        startTime: spanTimeMs(),
        attributes: toOtelAttributes(attributes),
        links: linksTo(options.link),
        root: parentContext === undefined,
      },
      context,
    );
    return new SampledSpan(span);
  }

  recordStatement(
    spans: Iterable<HopSpan | undefined>,
    statement: BatchedStatement,
  ): StatementSpan {
    const children: Span[] = [];
    for (const span of spans) {
      if (!(span instanceof SampledSpan)) continue;
      children.push(this.#startStatement(span.context, statement));
    }
    return {
      end(errorType) {
        for (const child of children) endSpan(child, errorType);
      },
    };
  }

  flush(): Promise<void> {
    return this.#spans.flush();
  }

  shutdown(): Promise<void> {
    return this.#spans.shutdown();
  }

  [Symbol.dispose](): void {
    void this.shutdown();
  }

  #startStatement(parent: Context, statement: BatchedStatement): Span {
    const attributes: Attributes = toOtelAttributes({
      dbSystem: "postgresql",
      dbOperation: statement.operation,
      dbCollection: statement.collection,
      dbBatchSize: statement.rows,
    });
    const name = `${statement.operation} ${statement.collection}`;
    return this.tracer.startSpan(
      name,
      { kind: SpanKind.CLIENT, attributes, startTime: spanTimeMs() },
      parent,
    );
  }
}

class SampledSpan implements HopSpan {
  readonly isSampled = true;
  readonly traceparent: string;
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
    this.traceparent = formatTraceparent(span.spanContext());
  }

  /** For spans below this one. */
  get context(): Context {
    return trace.setSpan(ROOT_CONTEXT, this.#span);
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(toOtelAttributes(attributes));
  }

  end(errorType?: string): void {
    endSpan(this.#span, errorType);
  }
}

class UnsampledSpan implements HopSpan {
  readonly isSampled = false;
  readonly traceparent: string;

  constructor(traceparent: string) {
    this.traceparent = traceparent;
  }

  set(): void {}

  end(): void {}
}

/** All unsampled roots are one: nobody will ever look for this trace. */
const UNSAMPLED_ROOT = new UnsampledSpan(`00-${"f".repeat(32)}-${"f".repeat(16)}-00`);

const KINDS: Readonly<Record<HopKind, SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** For programs without tracing and for tests. */
export const noTelemetry: Telemetry = {
  tracer: trace.getTracer("cardlane"),
  spanOf: (parent) => (parent ? new UnsampledSpan(parent) : UNSAMPLED_ROOT),
  recordStatement: () => ({ end() {} }),
  flush: async () => {},
  shutdown: async () => {},
  [Symbol.dispose]() {},
};

function endSpan(span: Span, errorType: string | undefined): void {
  if (errorType !== undefined) {
    span.setAttributes(toOtelAttributes({ errorType }));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(spanTimeMs());
}

function linksTo(traceparent: string | undefined): Link[] {
  const context = parseTraceparent(traceparent);
  return context === undefined ? [] : [{ context }];
}

/** Beyond this the system's clock was set, or has drifted, and counts anew. */
const DRIFT_MS_MAX = 2;

let offsetMs = systemClock.nowMs() - systemClock.monotonicMs();

/**
 * Unix time in milliseconds with microseconds as fraction. The system's clock has whole
 * milliseconds, too coarse for hops that take less than one.
 */
function spanTimeMs(): number {
  const monotonicMs = systemClock.monotonicMs();
  const wallMs = systemClock.nowMs();
  if (Math.abs(offsetMs + monotonicMs - wallMs) > DRIFT_MS_MAX) offsetMs = wallMs - monotonicMs;
  return offsetMs + monotonicMs;
}

/**
 * Runs a statement for a batch, and shows it in the trace of each payment of the batch.
 *
 * @param options.spans one for each row; undefined where nobody traces the payment any more.
 */
export async function recordedStatement<Answer>(options: {
  readonly telemetry: Telemetry;
  readonly spans: readonly (HopSpan | undefined)[];
  readonly statement: Omit<BatchedStatement, "rows">;
  readonly run: () => Promise<Answer>;
}): Promise<Answer> {
  const { telemetry, spans, statement, run } = options;
  const recording = telemetry.recordStatement(spans, { ...statement, rows: spans.length });
  try {
    const answer = await run();
    recording.end();
    return answer;
  } catch (error) {
    recording.end(error instanceof PaymentError ? error.code : "INTERNAL");
    throw error;
  }
}
