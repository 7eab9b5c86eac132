import type { DurableFiles } from "../../mesh/disk/durable-files.ts";
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
  withAudit,
} from "../running-program.ts";
import { type PinKeys, readPinKeys } from "./pin-keys.ts";
import { pinOversightService } from "./pin-oversight.ts";
import { PinStore } from "./pin-store.ts";
import { PinVerifier, pinReferenceOf } from "./pin-verifier.ts";
import { Reminder } from "./reminder.ts";
import { TryJournal } from "./try-journal.ts";
import { FRAME_BYTES_MAX, verifyService } from "./verify-service.ts";

interface PinServiceOptions extends CoreOptions {
  /** Gives the test cards all tries back. */
  readonly unlocksTestCards?: boolean;
  /** Where used PIN tries are kept beside the database; this instance's own. */
  readonly files: DurableFiles;
}

/** The PIN service without its server, for a port or for simulated surroundings. */
export async function openPinService(
  options: PinServiceOptions,
  database: Database,
): Promise<readonly MeshService[]> {
  const { instance, clock, random, log, telemetry, faults, unlocksTestCards } = options;
  const keys = readPinKeys(options.keys, fastCurves);
  const store = new PinStore(database);
  const journal = await TryJournal.open(options.files, log);
  if (options.hasTestCards) {
    const tokens = await putTestPins(store, keys);
    if (unlocksTestCards === true) {
      await store.unlock(tokens);
      for (const token of tokens) await journal.forget(token);
    }
  }
  const reminder = new Reminder({ store, journal, log });
  database.onConnection(() => void reminder.remind());
  await reminder.remind();
  const speaker = { program: "pin-service", instance, frameBytesMax: FRAME_BYTES_MAX };
  const verifier = new PinVerifier({ keys, store, journal, clock, telemetry, log });
  const around = { speaker, clock, random, log, telemetry, faults };
  const services = [verifyService(keys, verifier, around), pinOversightService({ store, journal })];
  return withAudit("pin-service", services, { ...options, database });
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
    services: await openPinService(options, database),
    policy: policyOf,
    onServing: (health: Health) => (isReachable: boolean) =>
      health.setAll(isReachable ? "SERVING" : "NOT_SERVING"),
  };
  return await runParts(options, parts, stack);
}

/** Makes the published PINs of the test cards known. @returns the cards' tokens. */
export async function putTestPins(store: PinStore, keys: PinKeys): Promise<readonly Uint8Array[]> {
  const utf8 = new TextEncoder();
  const cards = TEST_CARDS.map((card) => {
    const cardToken = cardTokenOf(keys.cardToken, Pan.parse(card.number));
    const pin = utf8.encode(testPinOf(card));
    return { cardToken, pinReference: pinReferenceOf(keys.pinReference, cardToken, pin) };
  });
  await store.putCards(cards);
  return cards.map(({ cardToken }) => cardToken);
}

/** Processors ask about PINs; operators alone give tries back. */
function policyOf(trustDomain: string): Policy {
  return [
    {
      identity: `spiffe://${trustDomain}/processor/*`,
      methods: ["cardlane.pin.v1.PinService/*"],
    },
    {
      identity: `spiffe://${trustDomain}/operator/*`,
      methods: ["cardlane.pin.v1.PinOversightService/*", "cardlane.audit.v1.AuditService/*"],
    },
  ];
}
