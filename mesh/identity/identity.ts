import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext, type PeerCertificate } from "node:tls";
import { StartError } from "../../settings/read-config.ts";
import type { Timer } from "../clock.ts";
import type { Surroundings } from "../surroundings.ts";

/** How often the files are looked at. Certificates are renewed hours before they expire. */
const RELOAD_INTERVAL_MS = 10_000;

const FILES = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" } as const;

/**
 * A program's TLS identity: its certificate, key and the authorities it trusts, from `ca.pem`,
 * `cert.pem` and `key.pem` in one directory. The files are read again when they change (a rotation
 * replaces them while the program runs), and connections made from then on use the new ones.
 */
export interface Identity extends Disposable {
  /** SPIFFE URI of the certificate. */
  readonly spiffeId: string;
  readonly pem: IdentityPem;
  /** Called after each reload; the return value takes the handler off again. */
  onChange(handler: (pem: IdentityPem) => void): Disposable;
  /** Looks at the files now. A set that does not fit together is left aside and logged. */
  reload(): Promise<void>;
}

export interface IdentityPem {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

type Around = Pick<Surroundings, "clock" | "log">;

/** @throws StartError when a file is missing, or they do not fit together. */
export async function loadIdentity(directory: string, around: Around): Promise<Identity> {
  try {
    const pem = await readPem(directory);
    return new FileIdentity(directory, around, pem);
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new StartError(`the TLS files in ${directory} are of no use: ${why}`, { cause });
  }
}

class FileIdentity implements Identity {
  readonly #directory: string;
  readonly #around: Around;
  readonly #handlers = new Set<(pem: IdentityPem) => void>();
  #pem: IdentityPem;
  #spiffeId: string;
  #timer: Timer;

  constructor(directory: string, around: Around, pem: IdentityPem) {
    this.#directory = directory;
    this.#around = around;
    this.#pem = pem;
    this.#spiffeId = checkPem(pem);
    this.#timer = this.#planReload();
  }

  get spiffeId(): string {
    return this.#spiffeId;
  }

  get pem(): IdentityPem {
    return this.#pem;
  }

  onChange(handler: (pem: IdentityPem) => void): Disposable {
    this.#handlers.add(handler);
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) };
  }

  async reload(): Promise<void> {
    try {
      const pem = await readPem(this.#directory);
      if (isSame(pem, this.#pem)) return;
      this.#spiffeId = checkPem(pem);
      this.#pem = pem;
    } catch (error) {
      // Half a rotation, or a damaged one: the old certificate goes on, and the next look may find
      // a whole set.
      this.#around.log.failure("the new certificate cannot be used", error);
      return;
    }
    this.#around.log.info("certificate reloaded", { peerIdentity: this.#spiffeId });
    for (const handler of this.#handlers) handler(this.#pem);
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
    this.#handlers.clear();
  }

  #planReload(): Timer {
    return this.#around.clock.timer(RELOAD_INTERVAL_MS, () => {
      this.#timer = this.#planReload();
      void this.reload();
    });
  }
}

/** The one SPIFFE URI of a peer's certificate; undefined if there is none, or more than one. */
export function spiffeIdOf(certificate: PeerCertificate | undefined): string | undefined {
  return onlySpiffeId(certificate?.subjectaltname);
}

async function readPem(directory: string): Promise<IdentityPem> {
  const [ca, cert, key] = await Promise.all([
    readFile(join(directory, FILES.ca)),
    readFile(join(directory, FILES.cert)),
    readFile(join(directory, FILES.key)),
  ]);
  return { ca, cert, key };
}

/** @returns the SPIFFE URI. @throws Error when key and certificate do not belong together. */
function checkPem(pem: IdentityPem): string {
  createSecureContext(pem);
  const spiffeId = onlySpiffeId(new X509Certificate(pem.cert).subjectAltName);
  if (spiffeId === undefined) throw new Error(`${FILES.cert} must have one spiffe:// URI`);
  return spiffeId;
}

/**
 * Node prints subject alternative names as one text, quoting what could be mistaken for a
 * separator; a name that needs quoting is none of ours.
 */
function onlySpiffeId(subjectAltName: string | undefined): string | undefined {
  const uris = (subjectAltName ?? "").split(", ").filter((name) => name.startsWith("URI:"));
  const [uri, ...others] = uris;
  if (uri === undefined || others.length > 0) return undefined;
  const match = /^URI:(spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+)$/.exec(uri);
  return match?.[1];
}

function isSame(left: IdentityPem, right: IdentityPem): boolean {
  return left.ca.equals(right.ca) && left.cert.equals(right.cert) && left.key.equals(right.key);
}
