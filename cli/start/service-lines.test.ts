import { expect, test } from "vitest";
import { MeshDirectory } from "../../dev-mesh/mesh-directory.ts";
import { plainPaint as paint } from "../print/text.ts";
import { serviceLines } from "./service-lines.ts";

const addresses = {
  reader: "127.0.0.1:7401",
  terminal: "127.0.0.1:7402",
  relay: "127.0.0.1:7403",
  processor: "127.0.0.1:7404",
  "pin-service": "127.0.0.1:7405",
};

function callsOf(path: string, isTls: boolean): string[] {
  const directory = new MeshDirectory(path);
  const lines = serviceLines({ addresses, directory, isTls }, { paint, workingDirectory: "/home" });
  return lines.filter((line) => line.includes("grpcurl")).map((line) => line.trim());
}

test("one call for each service", () => {
  expect(callsOf("/home/.cardlane", false)).toEqual([
    "grpcurl -plaintext 127.0.0.1:7401 cardlane.reader.v1.ReaderControlService/GetDisplay",
    "grpcurl -plaintext 127.0.0.1:7402 cardlane.terminal.v1.TerminalService/GetTerminal",
    `grpcurl -plaintext -d '{"page_size":5}' 127.0.0.1:7403 ` +
      "cardlane.relay.v1.RelayService/ListPayments",
    `grpcurl -plaintext -d '{"merchant_id":"CORNERCOFFEE001","currency":978}' 127.0.0.1:7404 ` +
      "cardlane.processor.v1.ProcessorRegistryService/GetBalance",
    "grpcurl -plaintext 127.0.0.1:7405 grpc.health.v1.Health/Check",
  ]);
});

test("with TLS the operator's certificate, from where the person is; never for the reader", () => {
  const [reader, terminal] = callsOf("/home/my mesh's data", true);
  expect(reader).toContain("grpcurl -plaintext");
  const quoted = (name: string) => `'my mesh'\\''s data/tls/operator/${name}'`;
  expect(terminal).toContain(
    `-cacert ${quoted("ca.pem")} -cert ${quoted("cert.pem")} -key ${quoted("key.pem")} 127`,
  );
});
