import type { Policy } from "../../mesh/policy.ts";
import type { MeshService } from "../../mesh/service.ts";
import type { Health } from "../../mesh/services/health.ts";
import { Pan } from "../../payment/card.ts";
import { TEST_CARDS, testPinOf } from "../../payment/test-cards.ts";
import { fastCurves } from "../../sealing/curves/chosen-curves.ts";
import { cardTokenOf } from "../cards/card-store.ts";
import { Database } from "../database.ts";
import {
  type CoreOptions,
  type ProgramOptions,
  type RunningProgram,
  runParts,
} from "../running-program.ts";
import { type PinKeys, readPinKeys } from "./pin-keys.ts";
import { PinStore } from "./pin-store.ts";
import { PinVerifier, pinReferenceOf } from "./pin-verifier.ts";
import { FRAME_BYTES_MAX, verifyService } from "./verify-service.ts";

interface PinServiceOptions extends CoreOptions {
  /** Gives the test cards all tries back. */
  readonly unlocksTestCards?: boolean;
}

/** The PIN service without its server, for a port or for simulated surroundings. */
export async function openPinService(
  options: PinServiceOptions,
  database: Database,
): Promise<MeshService> {
  const { instance, clock, random, log, telemetry, faults } = options;
  const keys = readPinKeys(options.keys, fastCurves);
  const store = new PinStore(database);
  if (options.hasTestCards) await putTestPins(store, keys, options.unlocksTestCards);
  const speaker = { program: "pin-service", instance, frameBytesMax: FRAME_BYTES_MAX };
  const verifier = new PinVerifier(keys, store, { clock, telemetry });
  return verifyService(keys, verifier, { speaker, clock, random, log, telemetry, faults });
}

/** Starts the program that alone can open a PIN block. */
export async function startPinService(
  options: ProgramOptions & PinServiceOptions,
): Promise<RunningProgram> {
  const { databaseUrl: url, faults } = options;
  await using stack = new AsyncDisposableStack();
  const database = stack.use(new Database({ url, program: "pin-service" }, faults));
  const parts = {
    database,
    services: [await openPinService(options, database)],
    policy: policyOf,
    onServing: (health: Health) => (isReachable: boolean) =>
      health.setAll(isReachable ? "SERVING" : "NOT_SERVING"),
  };
  return await runParts(options, parts, stack);
}

/** Makes the published PINs of the test cards known. @param unlocks with all their tries. */
export async function putTestPins(store: PinStore, keys: PinKeys, unlocks = false): Promise<void> {
  const utf8 = new TextEncoder();
  const cards = TEST_CARDS.map((card) => {
    const cardToken = cardTokenOf(keys.cardToken, Pan.parse(card.number));
    const pin = utf8.encode(testPinOf(card));
    return { cardToken, pinReference: pinReferenceOf(keys.pinReference, cardToken, pin) };
  });
  await store.putCards(cards);
  if (unlocks) await store.unlock(cards.map(({ cardToken }) => cardToken));
}

/** Only processors may call. */
function policyOf(trustDomain: string): Policy {
  const processors = `spiffe://${trustDomain}/processor/*`;
  return [{ identity: processors, methods: ["cardlane.pin.v1.PinService/*"] }];
}
