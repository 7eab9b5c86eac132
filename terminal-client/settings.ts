import { TLS_SETTINGS } from "../mesh/settings.ts";
import { SEALING_SETTINGS } from "../sealing/settings.ts";
import { folder, hostPort, hostPorts, integer, setting } from "../settings/setting.ts";
import { FINISHED_MAX } from "./journal/journal.ts";

export const TERMINAL_SETTINGS = {
  listen: setting({
    name: "CARDLANE_LISTEN",
    reads: hostPort,
    says: "where tills reach the terminal.",
  }),
  reader: setting({
    name: "CARDLANE_READER",
    reads: hostPort,
    says: "where the terminal reaches its reader.",
  }),
  relays: setting({
    name: "CARDLANE_RELAY",
    reads: hostPorts,
    says: "where the terminal reaches relays.",
  }),
  dataDirectory: setting({
    name: "CARDLANE_DATA_DIR",
    reads: folder,
    says: "the folder of the terminal's journal. It must survive; one terminal uses it at a time.",
  }),
  finishedMax: setting({
    name: "CARDLANE_JOURNAL_MAX",
    reads: integer({ min: 1, max: 100_000, unit: "payments" }),
    default: String(FINISHED_MAX),
    says: "finished payments that the journal keeps. The relay knows the older ones.",
  }),
  ...SEALING_SETTINGS,
  ...TLS_SETTINGS,
};
