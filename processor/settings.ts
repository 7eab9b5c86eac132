import {
  type ConfigOf,
  hostPort,
  optional,
  type Setting,
  SettingError,
  text,
  withDefault,
} from "../mesh/config.ts";
import type { Program } from "../mesh/program.ts";
import { applyMigrations } from "../prisma/migrate.ts";
import { KeyFolder } from "../sealing/key-files.ts";
import { systemRandom } from "../sealing/random.ts";
import type { ProgramOptions } from "./running-program.ts";

/** What processor and PIN service both read from their environment. */
export const COMMON_SETTINGS = {
  listen: hostPort("CARDLANE_LISTEN", "where to listen, such as 127.0.0.1:7404"),
  keysDirectory: text("CARDLANE_KEYS_DIR", "the folder with this program's keys"),
  databaseUrl: text("DATABASE_URL", "the processor's PostgreSQL database"),
  hasTestCards: forDevelopment("CARDLANE_TEST_CARDS", "1 to serve the published test cards"),
  tlsDirectory: optional(text("CARDLANE_TLS_DIR", "the folder with ca.pem, cert.pem, key.pem")),
  trustDomain: withDefault(
    text("CARDLANE_TRUST_DOMAIN", "trust domain of the SPIFFE identities"),
    "cardlane.dev",
  ),
};

/** What both are started with, once the database has its schema. */
export async function programOptions(
  { instance, clock, log, telemetry, faults, identityFrom }: Program,
  config: ConfigOf<typeof COMMON_SETTINGS>,
): Promise<ProgramOptions & { readonly trustDomain: string }> {
  const { listen, databaseUrl, hasTestCards, trustDomain } = config;
  const identity = await identityFrom(config.tlsDirectory);
  await applyMigrations({ name: "processor", databaseUrl });
  return {
    listen,
    instance,
    databaseUrl,
    keys: new KeyFolder(config.keysDirectory),
    hasTestCards,
    clock,
    random: systemRandom,
    log,
    telemetry,
    faults,
    identity,
    trustDomain,
  };
}

/** A switch about the test cards: 1 or unset. */
export function forDevelopment(variable: string, meaning: string): Setting<boolean> {
  return {
    variable,
    meaning,
    fallback: { value: false },
    parse(value) {
      if (value !== "1") throw new SettingError("must be 1 or unset");
      if (process.env.NODE_ENV === "production") {
        throw new SettingError("is refused in production: everybody knows the test cards' PIN");
      }
      return true;
    },
  };
}
