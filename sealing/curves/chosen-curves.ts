import type { Curves } from "./curves.ts";
import { nodeCurves } from "./node-curves.ts";
import { sodium } from "./sodium.ts";
import { sodiumCurves } from "./sodium-curves.ts";
import { tweetnaclCurves } from "./tweetnacl-curves.ts";

/** The fastest curves of this machine: for relay, processor and PIN service. */
export const fastCurves: Curves = sodium === undefined ? nodeCurves : sodiumCurves(sodium);

/**
 * Curves of reader and terminal: libsodium where it loads, TweetNaCl everywhere else. A device may
 * be a machine for which nobody has built either libsodium or OpenSSL; it then takes some 50 ms
 * longer for a payment, and says the same (docs/decisions/0009-libsodium-in-devices.md).
 */
export const deviceCurves: Curves = sodium === undefined ? tweetnaclCurves : sodiumCurves(sodium);
