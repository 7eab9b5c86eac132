import { SEALING_SETTINGS } from "../sealing/settings.ts";
import { folder, hostPort, integer, setting } from "../settings/setting.ts";
import { TAKEN_IDS_MAX } from "./reader-store.ts";

export const READER_SETTINGS = {
  listen: setting({
    name: "CARDLANE_LISTEN",
    reads: hostPort,
    says: "where the terminal reaches the reader.",
  }),
  dataDirectory: setting({
    name: "CARDLANE_DATA_DIR",
    reads: folder,
    says:
      "the folder of the reader's counter, PIN key register and pairing. It must survive: the " +
      "reader destroys its first PIN key once the register is there.",
  }),
  takenIdsMax: setting({
    name: "CARDLANE_TAKEN_IDS_MAX",
    reads: integer({ min: 1, max: 65_536, unit: "payment ids" }),
    default: String(TAKEN_IDS_MAX),
    says: "signed payment ids that the reader remembers.",
  }),
  ...SEALING_SETTINGS,
};
