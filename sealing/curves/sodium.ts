import { valueAtLoad } from "../../settings/read-config.ts";
import { SEALING_SETTINGS } from "../settings.ts";

/**
 * libsodium, or undefined where the package has no binary that loads. CARDLANE_SODIUM=off does
 * without it, to measure what it gives.
 */
export const sodium =
  valueAtLoad(SEALING_SETTINGS.sodium) === "off" ? undefined : await loadSodium();

export type Sodium = typeof import("sodium-native").default;

async function loadSodium(): Promise<Sodium | undefined> {
  try {
    return (await import("sodium-native")).default;
  } catch {
    return undefined; // Another processor or C library: OpenSSL and TweetNaCl do the same, slower.
  }
}
