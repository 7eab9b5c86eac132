// What x509 is built on asks for it before anything else.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

interface DevelopmentTlsOptions {
  /** Gets a folder with `ca.pem`, `cert.pem` and `key.pem` for each holder. */
  readonly directory: string;
  /** Folder → path of the SPIFFE URI: `{ relay: "relay/A1" }`. */
  readonly holders: Readonly<Record<string, string>>;
  readonly trustDomain: string;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Clocks of two programs may differ. */
const SKEW_MS = 3_600_000;
const VALIDITY_MS = 10 * 365 * 86_400_000;
/** The names under which a program on this machine is called. */
const LOOPBACK_NAMES = [
  { type: "ip", value: "127.0.0.1" },
  { type: "dns", value: "localhost" },
] as const;

/**
 * Makes a certificate authority and, from it, a certificate with a SPIFFE URI for each holder, good
 * for both ends of mutual TLS. The authority's key is used up here: nobody can issue more.
 * What is there already stays.
 */
export async function makeDevelopmentTls(
  options: DevelopmentTlsOptions,
): Promise<"made" | "already there"> {
  const { directory, holders, trustDomain, nowMs } = options;
  if (existsSync(directory)) return "already there";
  const unfinished = `${directory}.unfinished-${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  const authority = await makeAuthority(nowMs);
  for (const [folder, path] of Object.entries(holders)) {
    const holderDirectory = join(unfinished, folder);
    mkdirSync(holderDirectory, { recursive: true, mode: 0o700 });
    const { certificate, key } = await authority.issue(`spiffe://${trustDomain}/${path}`);
    writeFileSync(join(holderDirectory, "ca.pem"), authority.certificate);
    writeFileSync(join(holderDirectory, "cert.pem"), certificate);
    writeFileSync(join(holderDirectory, "key.pem"), key, { mode: 0o600 });
  }
  renameSync(unfinished, directory);
  return "made";
}

interface Authority {
  /** PEM. */
  readonly certificate: string;
  issue(spiffeId: string): Promise<{ readonly certificate: string; readonly key: string }>;
}

async function makeAuthority(nowMs: number): Promise<Authority> {
  const keys = await makeKeys();
  const dates = { notBefore: new Date(nowMs - SKEW_MS), notAfter: new Date(nowMs + VALIDITY_MS) };
  const name = "CN=cardlane development authority";
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    ...dates,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const issue = async (spiffeId: string) => {
    const holderKeys = await makeKeys();
    const issued = await X509CertificateGenerator.create({
      // With an empty subject, who it is stands in the URI alone (RFC 5280, section 4.1.2.6).
      subject: "",
      issuer: name,
      publicKey: holderKeys.publicKey,
      signingKey: keys.privateKey,
      ...dates,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension(
          [{ type: "url", value: spiffeId }, ...LOOPBACK_NAMES],
          true,
        ),
      ],
    });
    return { certificate: issued.toString("pem"), key: await privateKeyPem(holderKeys) };
  };
  return { certificate: certificate.toString("pem"), issue };
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return PemConverter.encode(der, "PRIVATE KEY");
}
