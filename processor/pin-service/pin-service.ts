import type { Health } from "../../mesh/health.ts";
import type { Policy } from "../../mesh/policy.ts";
import { fastCurves } from "../../sealing/fast-curves.ts";
import { jitterFrom } from "../../sealing/jitter.ts";
import { Database } from "../database.ts";
import { PIN_BOX_BYTES_MAX } from "../pins/pin-hop.ts";
import { type ProgramOptions, type RunningProgram, runParts } from "../running-program.ts";
import { readPinKeys } from "./pin-keys.ts";
import { PinStore } from "./pin-store.ts";
import { PinVerifier } from "./pin-verifier.ts";
import { putTestPins } from "./test-pins.ts";
import { verifyService } from "./verify-service.ts";

/** Room for the frame around the largest box. */
const FRAME_BYTES_MAX = PIN_BOX_BYTES_MAX + 1_024;

export interface PinServiceOptions extends ProgramOptions {
  /** Gives the test cards all tries back. */
  readonly unlocksTestCards?: boolean;
}

/** Starts the program that alone can open a PIN block. */
export async function startPinService(options: PinServiceOptions): Promise<RunningProgram> {
  const { clock, random, log, telemetry, databaseUrl } = options;
  await using stack = new AsyncDisposableStack();
  const keys = readPinKeys(options.keys, fastCurves);
  const database = stack.use(new Database({ url: databaseUrl, program: "pin-service" }));
  const store = new PinStore(database);
  if (options.hasTestCards) await putTestPins(store, keys, options.unlocksTestCards);
  const service = verifyService({
    keys,
    verifier: new PinVerifier({ keys, store, telemetry }),
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
  const parts = {
    database,
    services: [service],
    policy: policyOf,
    frameBytesMax: FRAME_BYTES_MAX,
    onServing: (health: Health) => (isReachable: boolean) =>
      health.setAll(isReachable ? "SERVING" : "NOT_SERVING"),
  };
  return await runParts(options, parts, stack);
}

/** Only processors may call. */
function policyOf(trustDomain: string): Policy {
  const processors = `spiffe://${trustDomain}/processor/*`;
  return [{ identity: processors, methods: ["cardlane.pin.v1.PinService/*"] }];
}
