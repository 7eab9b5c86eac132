import { ROOT_CONTEXT } from "@opentelemetry/api";
import {
  RandomIdGenerator,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import type { Environment } from "../settings/environment.ts";
import { readConfig } from "../settings/read-config.ts";
import { TELEMETRY_SETTINGS } from "./settings.ts";

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
