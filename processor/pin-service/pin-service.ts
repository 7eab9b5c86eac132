import type { Clock } from "../../mesh/clock.ts";
import type { Identity } from "../../mesh/identity.ts";
import type { Log } from "../../mesh/log.ts";
import type { Policy } from "../../mesh/policy.ts";
import { serve } from "../../mesh/serve.ts";
import type { Telemetry } from "../../mesh/telemetry.ts";
import { fastCurves } from "../../sealing/fast-curves.ts";
import { jitterFrom } from "../../sealing/jitter.ts";
import type { KeyFolder } from "../../sealing/key-files.ts";
import type { Random } from "../../sealing/random.ts";
import { Database } from "../database.ts";
import { DatabaseWatch } from "../database-watch.ts";
import { PIN_BOX_BYTES_MAX } from "../pins/pin-hop.ts";
import { readPinKeys } from "./pin-keys.ts";
import { PinStore } from "./pin-store.ts";
import { PinVerifier } from "./pin-verifier.ts";
import { putTestPins } from "./test-pins.ts";
import { verifyService } from "./verify-service.ts";

/** Room for the frame around the largest box. */
const FRAME_BYTES_MAX = PIN_BOX_BYTES_MAX + 1_024;

export interface PinServiceOptions {
  /** "host:port"; port 0 takes any. */
  readonly listen: string;
  readonly instance: string;
  readonly databaseUrl: string;
  readonly keys: KeyFolder;
  /** Makes the PINs of payment/test-cards.ts known. */
  readonly hasTestCards: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** With it: mutual TLS, and only processors may call. */
  readonly identity?: Identity | undefined;
  readonly trustDomain?: string;
}

export interface RunningPinService extends AsyncDisposable {
  /** "127.0.0.1:40123" */
  readonly address: string;
  /** Ends in order: no new streams, answers to what was asked, then the database. */
  drain(graceMs: number): Promise<void>;
}

/** Starts the program that alone can open a PIN block. */
export async function startPinService(options: PinServiceOptions): Promise<RunningPinService> {
  const { clock, random, log, telemetry, databaseUrl } = options;
  await using parts = new AsyncDisposableStack();
  const keys = readPinKeys(options.keys, fastCurves);
  const database = parts.use(new Database({ url: databaseUrl, program: "pin-service" }));
  const store = new PinStore(database);
  if (options.hasTestCards) await putTestPins(store, keys);
  const service = verifyService({
    keys,
    verifier: new PinVerifier({ keys, store, telemetry: options.telemetry }),
    speaker: {
      program: "pin-service",
      instance: options.instance,
      frameBytesMax: FRAME_BYTES_MAX,
    },
    clock,
    jitter: jitterFrom(random),
    telemetry,
    log,
  });
  const server = parts.use(
    await serve({
      listen: options.listen,
      services: [service],
      identity: options.identity,
      ...policyOf(options),
      clock,
      log,
      telemetry,
      limits: { messageBytesMax: FRAME_BYTES_MAX },
    }),
  );
  parts.use(
    new DatabaseWatch({
      database,
      clock,
      onChange: (isReachable) => server.health.setAll(isReachable ? "SERVING" : "NOT_SERVING"),
    }),
  );
  const running = parts.move();
  return {
    address: server.address,
    async drain(graceMs) {
      await server.drain(graceMs);
      await running.disposeAsync();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function policyOf({ identity, trustDomain = "cardlane.dev" }: PinServiceOptions): {
  policy?: Policy;
} {
  if (identity === undefined) return {};
  const processors = `spiffe://${trustDomain}/processor/*`;
  return { policy: [{ identity: processors, methods: ["cardlane.pin.v1.PinService/*"] }] };
}
