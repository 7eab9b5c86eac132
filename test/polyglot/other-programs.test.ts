import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT_CODES } from "../../cli/command-end.ts";
import { conformance } from "../../cli/commands/conformance.ts";
import { recordedIo } from "../../cli/testing/recorded-io.ts";
import { ANY_PORTS } from "../../dev-mesh/mesh-addresses.ts";
import { MeshDirectory } from "../../dev-mesh/mesh-directory.ts";
import { type Mesh, startMesh } from "../../dev-mesh/mesh-processes.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { ShownOutcome } from "../../gen/cardlane/reader/v1/reader_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { TestKeys } from "../fixtures/keys.ts";
import { pay } from "../mesh/pay.ts";
import { freePort } from "./free-port.ts";
import { type GoProgram, hasGo, startGoProgram } from "./go-program.ts";

interface GoMesh extends AsyncDisposable {
  readonly mesh: Mesh;
  readonly processor: GoProgram;
}

/** A mesh whose processor and reader are written in Go, from the contracts alone. */
async function startGoMesh(): Promise<GoMesh> {
  await using started = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), "cardlane-elsewhere-"));
  started.defer(() => rmSync(home, { recursive: true, force: true }));
  const keys = started.use(new TestKeys({ nowMs: systemClock.nowMs() }));
  cpSync(keys.directory, join(home, "keys"), { recursive: true });
  const directory = new MeshDirectory(home);
  const ports = { ...ANY_PORTS, "pin-service": await freePort() };
  const processor = started.use(
    await startGoProgram("processor", {
      environment: {
        CARDLANE_LISTEN: "127.0.0.1:0",
        CARDLANE_KEYS_DIR: directory.keysOf("processor"),
        CARDLANE_PIN_SERVICE: `127.0.0.1:${ports["pin-service"]}`,
      },
    }),
  );
  const reader = started.use(
    await startGoProgram("reader", {
      environment: {
        CARDLANE_LISTEN: "127.0.0.1:0",
        CARDLANE_KEYS_DIR: directory.keysOf("reader"),
        CARDLANE_DATA_DIR: directory.dataOf("reader"),
      },
      programArguments: ["-card", "mastercard"],
    }),
  );
  const elsewhere = { processor: processor.address, reader: reader.address };
  const mesh = started.use(await startMesh({ dataDirectory: home, ports, elsewhere }));
  const owned = started.move();
  return { mesh, processor, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe.skipIf(!hasGo)("a mesh with a processor and a reader in Go", () => {
  let started: GoMesh;
  let mesh: Mesh;
  let processor: GoProgram;

  beforeAll(async () => {
    started = await startGoMesh();
    ({ mesh, processor } = started);
  });

  afterAll(async () => {
    await started?.[Symbol.asyncDispose]();
  });

  const atReader = { isCardPresentedByReader: true } as const;

  test("a payment is approved, and that reader shows it", async () => {
    const { report } = await pay(mesh, atReader);
    expect(report).toMatchObject({
      state: PaymentState.APPROVED,
      shown: ShownOutcome.APPROVED,
      result: { lastFour: "4444", responseCode: "00" },
    });
  });

  test("that processor declines by amount, and the PIN service a wrong PIN", async () => {
    const byAmount = await pay(mesh, { ...atReader, amountMinor: 1_051n });
    expect(byAmount.report.result?.responseCode).toBe("51");
    const wrongPin = await pay(mesh, { ...atReader, pin: "9999" });
    expect(wrongPin.report.result?.responseCode).toBe("55");
  });

  test("the processor does all of the contract, with payments", async () => {
    const { exitCode, lines } = await examine("processor", processor.address);
    expect(lines.filter((line) => line.startsWith("✗"))).toEqual([]);
    expect(exitCode).toBe(EXIT_CODES.approved);
  });

  test("our relay before it, and our terminal at that reader, do all of theirs", async () => {
    for (const role of ["relay", "terminal"] as const) {
      const { lines } = await examine(role, mesh.addresses[role]);
      expect(lines.filter((line) => line.startsWith("✗"))).toEqual([]);
    }
  });

  test("mesh.json names them, and only what the mesh started has a process id", () => {
    expect(mesh.addresses).toMatchObject({ processor: processor.address });
    expect(() => mesh.program("processor")).toThrow("processor");
  });

  async function examine(role: string, target: string) {
    const io = recordedIo();
    const keys = mesh.directory.keys;
    const options = { role, target, keys, processor: processor.address, dataDir: "" };
    const exitCode = await conformance(io, options);
    return { exitCode, lines: io.printed };
  }
});
