import type { Timer } from "../../mesh/clock.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import { PaymentError } from "../../payment/errors.ts";
import type { KeptManifest } from "../../sealing/keys/kept-manifest.ts";
import type { RelayLink } from "./relay-link.ts";

/** A manifest lives for up to seven days, and a revocation should not wait long. */
const RENEW_INTERVAL_MS = 3_600_000;
/** While there is no valid manifest, no payment is possible. A clock that jumps can end it. */
const LOOK_INTERVAL_MS = 5_000;

type Around = Pick<Surroundings, "clock" | "log">;

/**
 * Brings the processor's key manifest from the relay. The relay only passes it on: the terminal
 * verifies it against its own processor root, and so does the reader.
 */
export class ManifestFeed implements Disposable {
  readonly #relay: RelayLink;
  readonly #manifest: KeptManifest;
  readonly #around: Around;
  readonly #onNewer: () => void;
  #timer: Timer;
  /** Monotonic. */
  #renewedAtMs: number;

  /** @param onNewer called when a newer manifest was stored. */
  constructor(relay: RelayLink, manifest: KeptManifest, around: Around, onNewer: () => void) {
    this.#relay = relay;
    this.#manifest = manifest;
    this.#around = around;
    this.#onNewer = onNewer;
    this.#renewedAtMs = around.clock.monotonicMs();
    this.#timer = this.#plan();
  }

  /** Why no payment can be sealed now; undefined while a manifest is valid. */
  get missing(): PaymentError | undefined {
    const nowMs = this.#around.clock.nowMs();
    if (this.#manifest.newest?.isValidAt(nowMs) === true) return undefined;
    const now = new Date(nowMs).toISOString();
    return new PaymentError(
      "KEY_NOT_VALID",
      `there is no key manifest that is valid now; the terminal's clock says ${now}: is it right?`,
    );
  }

  /** Asks now. What goes wrong is logged, and asked again later. */
  readonly renew = async (): Promise<void> => {
    const { clock, log } = this.#around;
    const manifest = this.#manifest;
    this.#renewedAtMs = clock.monotonicMs();
    try {
      const offered = await this.#relay.getManifest(manifest.number);
      if (offered === undefined) return;
      if (await manifest.offer(offered, clock.nowMs())) this.#onNewer();
    } catch (error) {
      const errorCode = error instanceof PaymentError ? error.code : undefined;
      log.warn("no newer key manifest", { errorCode, manifestNumber: manifest.number });
    }
  };

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #plan(): Timer {
    const { clock } = this.#around;
    return clock.timer(LOOK_INTERVAL_MS, () => {
      this.#timer = this.#plan();
      const isDue = clock.monotonicMs() - this.#renewedAtMs >= RENEW_INTERVAL_MS;
      if (isDue || this.missing !== undefined) void this.renew();
    });
  }
}
