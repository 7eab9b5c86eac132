import { join } from "node:path";
import type { ProgramRole } from "../prisma/roles/program-roles.ts";
import { DEVELOPMENT_MESH } from "./development-keys.ts";
import {
  type InstanceName,
  type MeshDirectory,
  type ProgramName,
  programOf,
} from "./mesh-directory.ts";
import type { ProgramPlan } from "./program-process.ts";

/** What a program has to know about the rest of the mesh before it can start. */
interface MeshFacts {
  readonly directory: MeshDirectory;
  readonly isTls: boolean;
  /** "host:port" of every process of another program, by commas, as soon as they are known. */
  readonly addressesOf: (name: ProgramName) => Promise<string>;
  /** As soon as the database is there. */
  readonly databaseUrl: (database: "relay" | "processor", role: ProgramRole) => Promise<string>;
  /** On top of everything else; read at every start of the program. */
  readonly environment: () => Readonly<Record<string, string>>;
}

export const TRUST_DOMAIN = "cardlane.dev";

/** Unique in the mesh; part of SPIFFE identities and of every log line. */
export const INSTANCES: Readonly<Record<InstanceName, string>> = {
  "pin-service": "N1",
  reader: DEVELOPMENT_MESH.readerSerial,
  processor: "P1",
  "processor-2": "P2",
  relay: DEVELOPMENT_MESH.relayId,
  "relay-2": `${DEVELOPMENT_MESH.relayId}-2`,
  terminal: DEVELOPMENT_MESH.terminalId,
};

/** Paths of SPIFFE identities. The reader has none: it would show the reader before Salt does. */
export const SPIFFE_PATHS: Readonly<Record<Exclude<ProgramName, "reader"> | "operator", string>> = {
  "pin-service": `pin-service/${INSTANCES["pin-service"]}`,
  processor: `processor/${INSTANCES.processor}`,
  relay: `relay/${INSTANCES.relay}`,
  terminal: `terminal/${DEVELOPMENT_MESH.merchantId}/${INSTANCES.terminal}`,
  operator: "operator/cli",
};

const REPOSITORY = join(import.meta.dirname, "..");

const ENTRY_POINTS: Readonly<Record<ProgramName, string>> = {
  "pin-service": join(REPOSITORY, "processor", "pin-service", "main.ts"),
  reader: join(REPOSITORY, "reader-sim", "main.ts"),
  processor: join(REPOSITORY, "processor", "main.ts"),
  relay: join(REPOSITORY, "relay", "main.ts"),
  terminal: join(REPOSITORY, "terminal-client", "main.ts"),
};

/** How to start one process of the mesh, given "host:port" where it is to listen. */
export async function planOf(
  instance: InstanceName,
  facts: MeshFacts,
): Promise<(listen: string) => ProgramPlan> {
  const { directory, isTls } = facts;
  const name = programOf(instance);
  const own = await ownEnvironment(name, facts);
  return (listen) => ({
    name: instance,
    entryPoint: ENTRY_POINTS[name],
    logFile: directory.logOf(instance),
    environment: {
      CARDLANE_LISTEN: listen,
      CARDLANE_INSTANCE: INSTANCES[instance],
      CARDLANE_KEYS_DIR: directory.keysOf(name),
      CARDLANE_SPANS_DIR: directory.spans,
      CARDLANE_TRUST_DOMAIN: TRUST_DOMAIN,
      ...(isTls && name !== "reader" ? { CARDLANE_TLS_DIR: directory.tlsOf(name) } : {}),
      ...own,
      ...facts.environment(),
    },
  });
}

async function ownEnvironment(
  name: ProgramName,
  { directory, addressesOf, databaseUrl }: MeshFacts,
): Promise<Readonly<Record<string, string>>> {
  switch (name) {
    case "pin-service":
      return {
        DATABASE_URL: await databaseUrl("processor", "cardlane_pin_service"),
        CARDLANE_DATA_DIR: directory.dataOf(name),
        CARDLANE_TEST_CARDS: "1",
      };
    case "processor":
      return {
        DATABASE_URL: await databaseUrl("processor", "cardlane_processor"),
        CARDLANE_PIN_SERVICE: await addressesOf("pin-service"),
        // Refunds to try out, as cards to try out.
        CARDLANE_REFUNDS_A_DAY: "1000000",
        CARDLANE_TEST_CARDS: "1",
      };
    case "relay":
      return {
        DATABASE_URL: await databaseUrl("relay", "cardlane_relay"),
        CARDLANE_PROCESSORS: await addressesOf("processor"),
        CARDLANE_MINUTE_KEYS_FILE: directory.minuteKeys,
        // Who tries webhooks listens on this machine.
        CARDLANE_WEBHOOK_NETWORKS: "127.0.0.0/8,::1/128",
      };
    case "reader":
      return { CARDLANE_DATA_DIR: directory.dataOf(name) };
    case "terminal":
      return {
        CARDLANE_DATA_DIR: directory.dataOf(name),
        CARDLANE_READER: await addressesOf("reader"),
        CARDLANE_RELAY: await addressesOf("relay"),
      };
  }
}
