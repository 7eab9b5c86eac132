import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext, type PeerCertificate } from "node:tls";
import { StartError } from "../../settings/read-config.ts";
import type { Timer } from "../clock.ts";
import type { Surroundings } from "../surroundings.ts";

/** How often the files are looked at. Certificates are renewed hours before they expire. */
const RELOAD_INTERVAL_MS = 10_000;

const DENIED = "denied.txt";

const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+$/;

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
  /**
   * SPIFFE URIs that are served no more although their certificates hold: from `denied.txt` in the
   * same directory, one on a line, `#` before a comment. Without the file, none.
   */
  readonly denied: ReadonlySet<string>;
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
    const denied = await readDenied(directory);
    return new FileIdentity(directory, around, { pem, denied, spiffeId: checkPem(pem) });
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
  #denied: ReadonlySet<string>;
  #spiffeId: string;
  #timer: Timer;

  constructor(
    directory: string,
    around: Around,
    first: Pick<Identity, "pem" | "denied" | "spiffeId">,
  ) {
    this.#directory = directory;
    this.#around = around;
    this.#pem = first.pem;
    this.#denied = first.denied;
    this.#spiffeId = first.spiffeId;
    this.#timer = this.#planReload();
  }

  get spiffeId(): string {
    return this.#spiffeId;
  }

  get pem(): IdentityPem {
    return this.#pem;
  }

  get denied(): ReadonlySet<string> {
    return this.#denied;
  }

  onChange(handler: (pem: IdentityPem) => void): Disposable {
    this.#handlers.add(handler);
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) };
  }

  async reload(): Promise<void> {
    await this.#reloadDenied();
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

  async #reloadDenied(): Promise<void> {
    try {
      this.#denied = await readDenied(this.#directory);
    } catch (error) {
      // Who was denied stays so; the next look may find a list that can be read.
      this.#around.log.failure("the list of denied identities cannot be used", error);
    }
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

/** @throws Error for a line that is no SPIFFE URI: a slip of the pen would deny nobody. */
async function readDenied(directory: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(directory, DENIED), "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  const denied = lines.filter((line) => line !== "");
  const wrong = denied.find((line) => !SPIFFE_ID.test(line));
  if (wrong !== undefined) throw new Error(`${DENIED} must have spiffe:// URIs, got "${wrong}"`);
  return new Set(denied);
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
  const id = uri.slice("URI:".length);
  return SPIFFE_ID.test(id) ? id : undefined;
}

function isSame(left: IdentityPem, right: IdentityPem): boolean {
  return left.ca.equals(right.ca) && left.cert.equals(right.cert) && left.key.equals(right.key);
}
