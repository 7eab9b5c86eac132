import { AUDIT_SETTINGS } from "../audit/settings.ts";
import { GROUP_SETTINGS, TLS_SETTINGS } from "../mesh/settings.ts";
import { SEALING_SETTINGS } from "../sealing/settings.ts";
import { folder, hostPort, integer, setting, switchedOn, text } from "../settings/setting.ts";

/** Why test cards are for development alone. */
const EVERYBODY_KNOWS_THE_PIN = "everybody knows the test cards' PIN";

/** Of processor and PIN service. */
export const COMMON_SETTINGS = {
  listen: setting({
    name: "CARDLANE_LISTEN",
    reads: hostPort,
    says: "where the program listens.",
  }),
  databaseUrl: setting({
    name: "DATABASE_URL",
    reads: text,
    secret: true,
    says:
      "the program's PostgreSQL database, `postgresql://role:password@host:port/database`. " +
      "Processor and PIN service may share one: each has a schema of its own in it.",
  }),
  hasTestCards: setting({
    name: "CARDLANE_TEST_CARDS",
    reads: switchedOn,
    unset: "no test cards",
    refusedInProduction: EVERYBODY_KNOWS_THE_PIN,
    says: "serves the published test cards. Processor and PIN service must agree.",
  }),
  ...SEALING_SETTINGS,
  ...TLS_SETTINGS,
  ...AUDIT_SETTINGS,
};

export const PROCESSOR_SETTINGS = {
  ...COMMON_SETTINGS,
  pinService: setting({
    name: "CARDLANE_PIN_SERVICE",
    reads: hostPort,
    says: "where the processor reaches the PIN service.",
  }),
  reverseWithinHours: setting({
    name: "CARDLANE_REVERSE_WITHIN_HOURS",
    reads: integer({ min: 1, max: 720, unit: "hours" }),
    default: "24",
    says:
      "how long after an approval a relay's order undoes it by itself, by the processor's clock. " +
      "A later one waits for an operator: `cardlane reversals held`.",
  }),
  refundsADay: setting({
    name: "CARDLANE_REFUNDS_A_DAY",
    reads: integer({ min: 0, max: 1_000_000_000, unit: "euros" }),
    default: "0",
    says:
      "what one merchant may refund without a sale on a day, in euros or about as much in " +
      "another currency ([issuer.md](issuer.md#refunds-without-a-sale)). With 0 there are none.",
  }),
  ...GROUP_SETTINGS,
};

export const PIN_SERVICE_SETTINGS = {
  ...COMMON_SETTINGS,
  dataDirectory: setting({
    name: "CARDLANE_DATA_DIR",
    reads: folder,
    says:
      "the folder where the PIN service keeps used PIN tries, outside PostgreSQL. It must " +
      "survive, and be in no backup that is restored together with the database. One instance " +
      "uses it.",
  }),
  unlocksTestCards: setting({
    name: "CARDLANE_UNLOCK_TEST_CARDS",
    reads: switchedOn,
    unset: "tries stay as they are",
    refusedInProduction: EVERYBODY_KNOWS_THE_PIN,
    says: "gives the test cards all PIN tries back at the start.",
  }),
};
