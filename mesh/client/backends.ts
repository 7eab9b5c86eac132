import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { experimental } from "@grpc/grpc-js";
import { StartError } from "../../settings/read-config.ts";
import { type Clock, systemClock, type Timer } from "../clock.ts";

/** How soon a new backend behind a name is noticed. */
const LOOK_UP_INTERVAL_MS = 5_000;

/** Scheme of targets that this resolver serves. */
const SCHEME = "cardlane";

/** The grpc-js option that carries the clock to the resolver. */
export const CLOCK_OPTION = "cardlane.clock";

/** @param targets each "host:port"; a name stands for all of its addresses. */
export function backendsTarget(targets: readonly string[]): string {
  registerOnce();
  for (const target of targets) splitTarget(target);
  return `${SCHEME}:///${targets.join(",")}`;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @throws Error when `target` is not "host:port". */
export function splitTarget(target: string): Address {
  const match = /^\[?([^[\]\s,/]+)\]?:(\d{1,5})$/.exec(target);
  if (match?.[1] === undefined) throw new StartError(`target must be host:port, got "${target}"`);
  return { host: match[1], port: Number(match[2]) };
}

let isRegistered = false;

function registerOnce(): void {
  if (!isRegistered) experimental.registerResolver(SCHEME, BackendResolver);
  isRegistered = true;
}

/**
 * grpc-js asks its own DNS resolver again only when a connection breaks, so a backend that was
 * added would get nothing. This one looks again and again, and tells when the list has changed.
 */
class BackendResolver implements experimental.Resolver {
  readonly #targets: readonly Address[];
  readonly #listener: experimental.ResolverListener;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #known = "";
  #isWatching = false;

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path.split(",")[0] ?? target.path;
  }

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    options: Readonly<Record<string, unknown>>,
  ) {
    this.#targets = target.path.replace(/^\//, "").split(",").map(splitTarget);
    this.#listener = listener;
    this.#clock = (options[CLOCK_OPTION] as Clock | undefined) ?? systemClock;
  }

  /**
   * grpc-js asks whenever a connection breaks, and starts to connect anew whenever it is told:
   * telling it what it knows would make it do so without pause. So it is told only what changes.
   */
  updateResolution(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    void this.#look();
  }

  destroy(): void {
    this.#isWatching = false;
    this.#known = "";
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    try {
      const found = await Promise.all(this.#targets.map(addressesOf));
      this.#tell(found.flat());
    } catch (error) {
      this.#fail(error);
    }
    if (!this.#isWatching || this.#targets.every(({ host }) => isIP(host) !== 0)) return;
    this.#timer = this.#clock.timer(LOOK_UP_INTERVAL_MS, () => void this.#look());
  }

  #tell(addresses: readonly Address[]): void {
    const known = addresses.map(({ host, port }) => `${host}:${port}`).sort();
    if (!this.#isWatching || known.join() === this.#known) return;
    this.#known = known.join();
    const endpoints = addresses.map((address) => ({ addresses: [address] }));
    this.#listener(experimental.statusOrFromValue(endpoints), {}, null, "");
  }

  #fail(error: unknown): void {
    // With known backends a name server that is away for a while is no reason to stop.
    if (!this.#isWatching || this.#known !== "") return;
    const code = error instanceof Error && "code" in error ? String(error.code) : "failed";
    const details = `name lookup: ${code}`;
    this.#listener(experimental.statusOrFromError({ code: 14, details }), {}, null, details);
  }
}

/** An address for every machine behind the name. */
export async function addressesOf({ host, port }: Address): Promise<Address[]> {
  if (isIP(host) !== 0) return [{ host, port }];
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => ({ host: address, port }));
}
