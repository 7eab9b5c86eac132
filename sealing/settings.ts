import { folder, oneOf, setting } from "../settings/setting.ts";

/** Of every program that has keys. */
export const SEALING_SETTINGS = {
  keysDirectory: setting({
    name: "CARDLANE_KEYS_DIR",
    reads: folder,
    says:
      "the folder with this program's own keys, certificate and trusted roots. " +
      "[protocol.md](protocol.md) lists the files.",
  }),
  sodium: setting({
    name: "CARDLANE_SODIUM",
    reads: oneOf(["on", "off"]),
    default: "on",
    says: "whether libsodium computes where it loads. `off` measures what it gives.",
  }),
};
