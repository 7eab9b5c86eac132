import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { isLoopback } from "../../mesh/loopback.ts";

/** What is no part of the public internet (IANA's special-purpose registries, and multicast). */
const INSIDE_4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  // Clouds tell the secrets of a machine at 169.254.169.254.
  "169.254.0.0/16",
  // Azure's own, in the middle of public addresses.
  "168.63.129.16/32",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
];
/** The only global unicast addresses of IPv6: what carries an IPv4 address inside is elsewhere. */
const OUTSIDE_6 = ["2000::/3"];
const INSIDE_6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/** Ports on which no browser speaks HTTP, because something else does (Fetch, "bad port"). */
const BAD_PORTS: ReadonlySet<number> = new Set([
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95],
  ...[101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179],
  ...[389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601],
  ...[636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566],
  ...[6665, 6666, 6667, 6668, 6669, 6679, 6697, 10_080],
]);

const URL_CHARACTERS_MAX = 2_000;

/** A webhook leads to an address that it may not reach. */
export class InsideAddress extends Error {
  override readonly name = "InsideAddress";
}

/** Networks by CIDR. @returns undefined when one of them is none. */
export function networksIn(texts: readonly string[]): BlockList | undefined {
  const networks = new BlockList();
  for (const text of texts) {
    const [address = "", bits = "", ...more] = text.split("/");
    const version = isIP(address);
    const isNumber = /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32);
    if (version === 0 || !isNumber || more.length > 0) return undefined;
    networks.addSubnet(address, Number(bits), familyOf(address));
  }
  return networks;
}

type Lookup = (
  host: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

/**
 * Where webhooks may go: to the public internet, and to the networks that the operator names. The
 * addresses of a name are looked at each time that it is looked up, and nothing is connected to but
 * what was looked at: a name that stood for a shop yesterday may stand for this machine today.
 */
export class Receivers {
  readonly #named: BlockList;
  readonly #resolve: Lookup;

  constructor(named = new BlockList(), resolve: Lookup = resolved) {
    this.#named = named;
    this.#resolve = resolve;
  }

  /** @returns undefined when it may be one; else what it must be. Does not quote the URL. */
  async problemOf(text: string): Promise<string | undefined> {
    const url = text.length <= URL_CHARACTERS_MAX && URL.canParse(text) ? new URL(text) : undefined;
    const isPlain = url?.protocol === "http:" && isLoopback(url.hostname) && this.isLocalNamed;
    const isSafe = url?.protocol === "https:" || isPlain;
    if (url === undefined || !isSafe || url.username !== "" || url.password !== "") {
      return "must be an https URL without password";
    }
    if (url.port !== "" && BAD_PORTS.has(Number(url.port))) {
      return `must have a port that speaks HTTP, got ${url.port}`;
    }
    return (await this.#isInside(url)) ? "must lead to the public internet" : undefined;
  }

  /** Whether this machine is among the networks that are named: for development. */
  get isLocalNamed(): boolean {
    return this.#named.check("127.0.0.1", "ipv4") || this.#named.check("::1", "ipv6");
  }

  /** For an address in place of a name, which Node does not look up. @throws InsideAddress */
  requireOutside(url: URL): void {
    const host = hostOf(url);
    if (isIP(host) !== 0) this.#require(host);
  }

  /** A name that stands for nothing yet may do so when the first event comes. */
  async #isInside(url: URL): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    try {
      this.requireOutside(url);
      this.lookup(hostOf(url), { all: true }, resolve);
    } catch (error) {
      resolve(error);
    }
    return (await promise) instanceof InsideAddress;
  }

  /** In place of Node's own. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.#resolve(host, (error, found) => {
      if (error !== null) return callback(error, []);
      try {
        for (const { address } of found) this.#require(address);
      } catch (inside) {
        return callback(inside as Error, []);
      }
      const [first] = found;
      if (options.all === true) callback(null, [...found]);
      else callback(null, first?.address ?? "", first?.family);
    });
  };

  #require(address: string): void {
    const family = familyOf(address);
    if (this.#named.check(address, family)) return;
    const isOutside =
      family === "ipv4"
        ? !INSIDE.check(address, family)
        : OUTSIDE.check(address, family) && !INSIDE.check(address, family);
    if (!isOutside) throw new InsideAddress("the receiver is not in the public internet");
  }
}

const INSIDE = networksIn([...INSIDE_4, ...INSIDE_6]) ?? new BlockList();
const OUTSIDE = networksIn(OUTSIDE_6) ?? new BlockList();

function resolved(...[host, done]: Parameters<Lookup>): void {
  systemLookup(host, { all: true }, done);
}

/** Without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
