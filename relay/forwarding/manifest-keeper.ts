import type { Timer } from "../../mesh/clock.ts";
import { Outage } from "../../mesh/retry/outage.ts";
import type { Surroundings } from "../../mesh/surroundings.ts";
import type { Curves } from "../../sealing/curves/curves.ts";
import { type Manifest, verifyManifest } from "../../sealing/keys/manifest.ts";
import type { TrustedRoots } from "../../sealing/keys/trusted-roots.ts";
import type { ProcessorLink } from "./processor-link.ts";

/** A revocation takes effect here after this long at the latest. */
const REFRESH_MS = 30_000;
/** While there is no manifest nothing can be sent. */
const RETRY_MS = 1_000;

/** Keeps the processor's key manifest: fetched, verified, never an older one than before. */
export class ManifestKeeper implements Disposable {
  readonly #curves: Curves;
  readonly #roots: TrustedRoots;
  readonly #around: Pick<Surroundings, "clock" | "log">;
  #manifest: Manifest | undefined;
  #timer: Timer | undefined;
  #refreshing: Promise<void> | undefined;
  #onChange: () => void = () => undefined;
  #isStopped = false;
  /** Each processor's own: the next one is asked every second as well. */
  readonly #ways: readonly { readonly link: ProcessorLink; readonly outage: Outage }[];

  constructor(
    links: readonly ProcessorLink[],
    curves: Curves,
    roots: TrustedRoots,
    around: Pick<Surroundings, "clock" | "log">,
  ) {
    this.#curves = curves;
    this.#roots = roots;
    this.#around = around;
    this.#ways = links.map((link) => {
      const begins = "the key manifest could not be fetched";
      const outage = new Outage(around.log, { begins, ends: "the key manifest is fetched again" });
      return { link, outage };
    });
  }

  /** The newest one that was seen, valid or not; undefined before the first. */
  get current(): Manifest | undefined {
    return this.#manifest;
  }

  /** Fetches it now, and then again and again. @param onChange a newer manifest is there. */
  follow(onChange: () => void): void {
    this.#onChange = onChange;
    void this.refresh();
  }

  /** Asks the processors in turn; resolves when one had an answer, or none. Never throws. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      this.#plan();
    });
    return this.#refreshing;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #refresh(): Promise<void> {
    for (const { link, outage } of this.#ways) {
      const address = link.name;
      try {
        await this.#refreshFrom(link);
        outage.succeeded({ address });
        return;
      } catch (error) {
        outage.failed(error, { address });
      }
    }
  }

  async #refreshFrom(link: ProcessorLink): Promise<void> {
    const { clock, log } = this.#around;
    const haveNumber = this.#manifest?.number ?? 0n;
    const delegated = await link.getManifest(haveNumber);
    if (delegated === undefined) return;
    const nowMs = clock.nowMs();
    const lowestNumber = haveNumber;
    const trust = { curves: this.#curves, roots: this.#roots };
    this.#manifest = verifyManifest({ ...trust, delegated, nowMs, lowestNumber });
    if (this.#isStopped) return;
    log.info("key manifest accepted", { manifestNumber: this.#manifest.number });
    this.#onChange();
  }

  #plan(): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    const delayMs = this.#manifest === undefined ? RETRY_MS : REFRESH_MS;
    this.#timer = this.#around.clock.timer(delayMs, () => void this.refresh());
  }
}
