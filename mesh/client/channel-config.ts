import type { DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { type ChannelOptions, experimental } from "@grpc/grpc-js";

/**
 * Retries may add this part to the calls, no more: a server in trouble is not helped by twice the
 * load. Each failure takes a token, each success gives `tokenRatio` back; below half, no retries.
 */
const RETRY_BUDGET = { maxTokens: 100, tokenRatio: 0.1 };

const RETRY_POLICY = {
  maxAttempts: 3,
  initialBackoff: "0.05s",
  maxBackoff: "1s",
  backoffMultiplier: 2,
  retryableStatusCodes: ["UNAVAILABLE"],
};

/**
 * A backend that fails half of its calls is left out for a while. Durations are objects: as texts
 * ("5s") the parser would fail, and grpc-js would silently use only one backend.
 */
const BALANCING = {
  outlier_detection: {
    interval: { seconds: 5, nanos: 0 },
    base_ejection_time: { seconds: 15, nanos: 0 },
    failure_percentage_ejection: { threshold: 50, minimum_hosts: 2, request_volume: 10 },
    child_policy: [{ round_robin: {} }],
  },
};

/** Answers to reads; a page of a list is the longest. */
const MESSAGE_BYTES_MAX = 1_048_576;

/**
 * How a channel balances, retries and limits. Only methods whose contract says that repeating is
 * harmless (idempotency_level) are retried.
 *
 * @throws Error when grpc-js would not understand it; it would go on with something else.
 */
export function channelOptions(services: readonly DescService[]): ChannelOptions {
  experimental.parseLoadBalancingConfig(BALANCING);
  return {
    "grpc.service_config_disable_resolution": 1,
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 10_000,
    // No keepalive: on a draining connection its pings would kill live streams. Streams have
    // heartbeats of their own.
    "grpc.service_config": JSON.stringify({
      loadBalancingConfig: [BALANCING],
      retryThrottling: RETRY_BUDGET,
      methodConfig: [{ name: repeatableMethods(services), retryPolicy: RETRY_POLICY }].filter(
        ({ name }) => name.length > 0,
      ),
    }),
  };
}

function repeatableMethods(services: readonly DescService[]) {
  return services.flatMap((service) =>
    service.methods
      .filter(({ idempotency }) => idempotency !== IdempotencyLevel.IDEMPOTENCY_UNKNOWN)
      .filter(({ methodKind }) => methodKind === "unary")
      .map((method) => ({ service: service.typeName, method: method.name })),
  );
}
