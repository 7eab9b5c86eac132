import { LinkProxy } from "./proxy.ts";

/** The proxies of a mesh, one for each pair of programs that speak to each other. */
export class Links implements AsyncDisposable {
  readonly #proxies = new Map<string, Promise<LinkProxy>>();
  readonly #opened = new Map<string, LinkProxy>();

  /** @returns where `from` finds the one that listens at `address`. */
  async via(from: string, to: string, address: string): Promise<string> {
    const name = `${from} → ${to}`;
    const known = this.#proxies.get(name) ?? LinkProxy.open(address);
    this.#proxies.set(name, known);
    const proxy = await known;
    this.#opened.set(name, proxy);
    return proxy.address;
  }

  /** "relay → processor-2", in an order that does not depend on who started first. */
  get names(): readonly string[] {
    return [...this.#opened.keys()].sort();
  }

  find(name: string): LinkProxy {
    const proxy = this.#opened.get(name);
    if (proxy === undefined) throw new Error(`bug: no link ${name}`);
    return proxy;
  }

  heal(): void {
    for (const proxy of this.#opened.values()) proxy.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const proxies = await Promise.all(this.#proxies.values());
    await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  }
}
