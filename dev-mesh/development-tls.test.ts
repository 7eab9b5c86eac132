import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { expect, test } from "vitest";
import { makeDevelopmentTls } from "./development-tls.ts";

function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "cardlane-tls-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

async function madeIn(directory: string): Promise<void> {
  await makeDevelopmentTls({
    directory,
    holders: { relay: "relay/A1", operator: "operator/cli" },
    trustDomain: "cardlane.dev",
    nowMs: Date.parse("2026-03-01T00:00:00Z"),
  });
}

function pemOf(directory: string, holder: string) {
  const read = (name: string) => readFileSync(join(directory, holder, name));
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

test("each holder gets one SPIFFE URI, loopback names and a private key file", async () => {
  using temporary = temporaryDirectory();
  const directory = join(temporary.path, "tls");
  await madeIn(directory);
  const { cert, ca } = pemOf(directory, "relay");
  const certificate = new X509Certificate(cert);
  expect(certificate.subjectAltName).toBe(
    "URI:spiffe://cardlane.dev/relay/A1, IP Address:127.0.0.1, DNS:localhost",
  );
  expect(certificate.checkIssued(new X509Certificate(ca))).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(statSync(join(directory, "relay", "key.pem")).mode & 0o777).toBe(0o600);
});

test("what is there already stays, and no half-made folder is left", async () => {
  using temporary = temporaryDirectory();
  const directory = join(temporary.path, "tls");
  await madeIn(directory);
  const before = pemOf(directory, "relay");
  await madeIn(directory);
  expect(pemOf(directory, "relay")).toEqual(before);
  expect(readdirSync(temporary.path)).toEqual(["tls"]);
});

test("two holders shake hands with mutual TLS 1.3", async () => {
  using temporary = temporaryDirectory();
  const directory = join(temporary.path, "tls");
  await madeIn(directory);
  const server = createServer({
    ...pemOf(directory, "relay"),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: "127.0.0.1", ...pemOf(directory, "operator") });
  const [accepted] = await once(server, "secureConnection");
  expect(accepted.getPeerCertificate().subjectaltname).toContain("operator/cli");
  client.destroy();
  server.close();
});
