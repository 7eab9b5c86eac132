// @peculiar/x509 wants it before it is loaded itself.
import "reflect-metadata";

import type { webcrypto } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const VALID = { notBefore: new Date("2020-01-01"), notAfter: new Date("2100-01-01") } as const;

/** A certificate authority for tests, made new each time. */
export class TestAuthority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: X509Certificate;
  #lastSerial = 1;

  static async create(name = "test authority"): Promise<TestAuthority> {
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: "01",
      name: `CN=${name}`,
      ...VALID,
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [new BasicConstraintsExtension(true, 0, true)],
    });
    return new TestAuthority(keys, certificate);
  }

  constructor(keys: webcrypto.CryptoKeyPair, certificate: X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  get pem(): string {
    return this.#certificate.toString("pem");
  }

  /** Of a web server with this host name, as PEM. */
  async issue(
    host: string,
    { notAfter }: { readonly notAfter?: Date } = {},
  ): Promise<{ readonly cert: string; readonly key: string }> {
    const names = new SubjectAlternativeNameExtension([{ type: "dns", value: host }]);
    return await this.#issue(names, { ...VALID, ...(notAfter && { notAfter }) });
  }

  /** Writes ca.pem, cert.pem and key.pem for this SPIFFE URI. */
  async writeTo(directory: string, spiffeId: string, trusted: TestAuthority = this): Promise<void> {
    const names = new SubjectAlternativeNameExtension([{ type: "url", value: spiffeId }]);
    const { cert, key } = await this.#issue(names, VALID);
    await mkdir(directory, { recursive: true });
    await replace(join(directory, "ca.pem"), trusted.pem);
    await replace(join(directory, "cert.pem"), cert);
    await replace(join(directory, "key.pem"), key);
  }

  async #issue(names: SubjectAlternativeNameExtension, valid: typeof VALID) {
    const keys = await makeKeys();
    this.#lastSerial += 1;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: this.#lastSerial.toString(16).padStart(2, "0"),
      subject: "CN=cardlane test",
      issuer: this.#certificate.subject,
      ...valid,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [names],
    });
    const key = PemConverter.encode(
      await crypto.subtle.exportKey("pkcs8", keys.privateKey),
      "PRIVATE KEY",
    );
    return { cert: certificate.toString("pem"), key };
  }
}

/** A directory that is gone when the test is over. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "cardlane-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await crypto.subtle.generateKey(ALGORITHM, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
