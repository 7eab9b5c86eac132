import type { Timer } from "../../mesh/clock.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import type { RelayLink } from "./relay-link.ts";

/** A manifest lives for up to seven days, and a revocation should not wait long. */
const RENEW_INTERVAL_MS = 3_600_000;
/** While there is no valid manifest, no payment is possible. A clock that jumps can end it. */
const LOOK_INTERVAL_MS = 5_000;

interface ManifestFeedOptions extends Pick<Surroundings, "clock" | "log"> {
  readonly relay: RelayLink;
  readonly manifest: KeptManifest;
  /** A newer manifest was stored. */
  readonly onNewer: () => void;
}

/**
 * Brings the processor's key manifest from the relay. The relay only passes it on: the terminal
 * verifies it against its own processor root, and so does the reader.
 */
export class ManifestFeed implements Disposable {
  readonly #options: ManifestFeedOptions;
  #timer: Timer;
  /** Monotonic. */
  #renewedAtMs: number;

  constructor(options: ManifestFeedOptions) {
    this.#options = options;
    this.#renewedAtMs = options.clock.monotonicMs();
    this.#timer = this.#plan();
  }

  /** Why no payment can be sealed now; undefined while a manifest is valid. */
  get missing(): PaymentError | undefined {
    const { manifest, clock } = this.#options;
    const nowMs = clock.nowMs();
    if (manifest.newest?.isValidAt(nowMs) === true) return undefined;
    const now = new Date(nowMs).toISOString();
    return new PaymentError(
      "KEY_NOT_VALID",
      `there is no key manifest that is valid now; the terminal's clock says ${now}: is it right?`,
    );
  }

  /** Asks now. What goes wrong is logged, and asked again later. */
  readonly renew = async (): Promise<void> => {
    const { relay, manifest, clock, log, onNewer } = this.#options;
    this.#renewedAtMs = clock.monotonicMs();
    try {
      const offered = await relay.getManifest(manifest.number);
      if (offered === undefined) return;
      if (await manifest.offer(offered, clock.nowMs())) onNewer();
    } catch (error) {
      const errorCode = error instanceof PaymentError ? error.code : undefined;
      log.warn("no newer key manifest", { errorCode, manifestNumber: manifest.number });
    }
  };

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #plan(): Timer {
    const { clock } = this.#options;
    return clock.timer(LOOK_INTERVAL_MS, () => {
      this.#timer = this.#plan();
      const isDue = clock.monotonicMs() - this.#renewedAtMs >= RENEW_INTERVAL_MS;
      if (isDue || this.missing !== undefined) void this.renew();
    });
  }
}
