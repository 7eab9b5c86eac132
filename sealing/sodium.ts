/**
 * libsodium, or undefined where the package has no binary that loads. CARDLANE_SODIUM=off does
 * without it, to measure what it gives.
 */
export const sodium = process.env.CARDLANE_SODIUM === "off" ? undefined : await loadSodium();

export type Sodium = typeof import("sodium-native").default;

async function loadSodium(): Promise<Sodium | undefined> {
  try {
    return (await import("sodium-native")).default;
  } catch {
    return undefined; // Another processor or C library: OpenSSL and TweetNaCl do the same, slower.
  }
}
