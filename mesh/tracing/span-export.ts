import { ROOT_CONTEXT, type Tracer, trace } from "@opentelemetry/api";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  RandomIdGenerator,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { ATTR_SERVICE_NAME } from "@opentelemetry/semantic-conventions";
import { ATTR_SERVICE_INSTANCE_ID } from "@opentelemetry/semantic-conventions/incubating";
import type { Environment } from "../../settings/environment.ts";
import { readConfig } from "../../settings/read-config.ts";
import type { ProgramInstance } from "../program-instance.ts";
import { TELEMETRY_SETTINGS } from "../settings.ts";
import { SpanFile } from "./span-file.ts";

/** A person who just paid looks at the trace at once. */
const EXPORT_DELAY_MS = 200;
/** Spans over this are dropped, not waited for: telemetry never slows a payment down. */
const QUEUED_SPANS_MAX = 16_384;

/** Where spans go. Which ones are made at all was decided before (telemetry.ts). */
export interface SpanExport {
  readonly tracer: Tracer;
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * What the standard OTEL_ variables ask for, by OpenTelemetry's own set-up; otherwise JSON lines in
 * the directory CARDLANE_SPANS_DIR; otherwise, or with OTEL_TRACES_EXPORTER=none or
 * OTEL_SDK_DISABLED=true, undefined.
 */
export async function openSpanExport(
  of: ProgramInstance,
  environment: Environment,
): Promise<SpanExport | undefined> {
  const config = readConfig(of.program, environment, TELEMETRY_SETTINGS);
  const { exporter, spansDirectory } = config;
  if (config.sdkDisabled === "true" || exporter === "none") return undefined;
  const collector = config.collector ?? config.tracesCollector;
  if (exporter !== undefined || collector !== undefined) return await standardExport(of);
  return spansDirectory === undefined ? undefined : fileExport(spansDirectory, of);
}

/** Every exporter and protocol that OpenTelemetry knows, configured by its own variables. */
async function standardExport(of: ProgramInstance): Promise<SpanExport> {
  // Loaded here alone: with its exporters it takes its time, and most laptops do without.
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const sampler = new AlwaysOnSampler();
  // Context travels in frames, not in headers, and nothing is instrumented behind our back.
  const sdk = new NodeSDK({ resource: resourceOf(of), sampler, textMapPropagator: null });
  sdk.start();
  return {
    tracer: trace.getTracer("cardlane"),
    // The official set-up flushes when it is shut down, and on its own schedule before.
    flush: async () => undefined,
    shutdown: async () => {
      try {
        await sdk.shutdown();
      } finally {
        trace.disable();
      }
    },
  };
}

function fileExport(directory: string, of: ProgramInstance): SpanExport {
  const processor = new BatchSpanProcessor({
    exporter: new SpanFile(directory, of),
    scheduledDelayMillis: EXPORT_DELAY_MS,
    maxQueueSize: QUEUED_SPANS_MAX,
  });
  const provider = new TracerProvider({
    resource: resourceOf(of),
    sampler: new AlwaysOnSampler(),
    spanProcessors: [processor],
  });
  return {
    tracer: provider.getTracer("cardlane"),
    flush: () => provider.forceFlush(),
    shutdown: () => provider.shutdown(),
  };
}

function resourceOf({ program, instance }: ProgramInstance): Resource {
  return resourceFromAttributes({
    [ATTR_SERVICE_NAME]: `cardlane-${program}`,
    [ATTR_SERVICE_INSTANCE_ID]: instance,
  });
}

/**
 * Whether a trace that starts here is recorded: OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG, by
 * default always. The parentbased_ names mean the same as those without it, because a parent's
 * decision is always kept.
 */
export function rootSampler(environment: Environment): () => boolean {
  const { sampler, samplerRatio } = readConfig("telemetry", environment, TELEMETRY_SETTINGS);
  const name = sampler.replace(/^parentbased_/, "");
  switch (name) {
    case "always_off":
      return () => false;
    case "traceidratio":
      return ratioSampler(Number(samplerRatio));
    default:
      return () => true;
  }
}

function ratioSampler(ratio: number): () => boolean {
  if (ratio >= 1) return () => true;
  const ids = new RandomIdGenerator();
  const sampler = new TraceIdRatioBasedSampler(ratio);
  return () =>
    sampler.shouldSample(ROOT_CONTEXT, ids.generateTraceId()).decision ===
    SamplingDecision.RECORD_AND_SAMPLED;
}
