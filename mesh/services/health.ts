import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/health/v1/health_pb.ts";
import { type MeshService, service } from "../service.ts";

/**
 * grpc.health.v1 with the real state of each service: the program says NOT_SERVING while it cannot
 * reach what it needs (its database, its upstream). The service "" stands for the server as a whole
 * and serves only while all others do.
 */
export interface Health {
  readonly service: MeshService;
  set(serviceName: string, state: HealthState): void;
  setAll(state: HealthState): void;
  get(serviceName: string): HealthState | undefined;
  /** Ends all Watch calls, so that they do not hold up a server that stops. */
  close(): void;
}

type HealthState = "SERVING" | "NOT_SERVING";

/** @param serviceNames "cardlane.relay.v1.RelayService"; all NOT_SERVING until `set`. */
export function createHealth(serviceNames: readonly string[]): Health {
  return new States(serviceNames);
}

class States implements Health {
  readonly service: MeshService;
  readonly #states = new Map<string, HealthState>();
  readonly #watchers = new Set<() => void>();
  #isClosed = false;

  constructor(serviceNames: readonly string[]) {
    for (const name of serviceNames) this.#states.set(name, "NOT_SERVING");
    this.service = service(HealthService, {
      check: (request) => this.#check(request),
      list: () => this.#list(),
      watch: (request, context) => this.#watch(request, context),
    });
  }

  set(serviceName: string, state: HealthState): void {
    if (!this.#states.has(serviceName)) throw new Error(`bug: ${serviceName} is not served here`);
    this.#states.set(serviceName, state);
    this.#wake();
  }

  setAll(state: HealthState): void {
    for (const name of this.#states.keys()) this.#states.set(name, state);
    this.#wake();
  }

  get(serviceName: string): HealthState | undefined {
    if (serviceName !== "") return this.#states.get(serviceName);
    return [...this.#states.values()].every((one) => one === "SERVING") ? "SERVING" : "NOT_SERVING";
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #check(request: HealthCheckRequest): HealthCheckResponse {
    const state = this.get(request.service);
    if (state === undefined) throw new ConnectError("service is not served here", Code.NotFound);
    return responseOf(state);
  }

  #list() {
    const names = ["", ...this.#states.keys()];
    return {
      statuses: Object.fromEntries(names.map((name) => [name, responseOf(this.get(name))])),
    };
  }

  async *#watch(request: HealthCheckRequest, context: HandlerContext) {
    let told: HealthState | undefined | "nothing" = "nothing";
    while (!context.signal.aborted) {
      const state = this.get(request.service);
      if (state !== told) {
        told = state;
        yield responseOf(state);
      } else if (this.#isClosed) {
        throw new ConnectError("the server stops", Code.Unavailable);
      } else {
        await this.#change(context.signal);
      }
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#watchers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#watchers]) wake();
  }
}

/** A service that is not known may still come, so a watcher waits: SERVICE_UNKNOWN. */
function responseOf(state: HealthState | undefined): HealthCheckResponse {
  const status = state === undefined ? ServingStatus.SERVICE_UNKNOWN : ServingStatus[state];
  return create(HealthCheckResponseSchema, { status });
}
