import { afterAll, beforeAll, expect, test } from "vitest";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { inWords } from "../../test/fixtures/playing-relay.ts";
import { type ProcessorMesh, startProcessorMesh } from "../../test/fixtures/processor-mesh.ts";
import { PaymentSigner } from "../../test/fixtures/reader-payment.ts";

let mesh: ProcessorMesh;

beforeAll(async () => {
  mesh = await startProcessorMesh();
});
afterAll(() => mesh[Symbol.asyncDispose]());

test("a terminal charges in its own currencies, whatever another of its merchant may", async () => {
  const { merchantId } = mesh.keys.terminal;
  const { certificate } = mesh.keys.anotherTerminal("TILL0002", merchantId);
  await mesh.registry.registerTerminals({ terminals: [{ certificate, currencies: [840] }] });
  expect(inWords(await mesh.relay.authorize(mesh.signer.sign()))).toBe("APPROVED 00");
});

test("a registration that is refused in part, or only validated, changes nothing", async () => {
  const { merchantId } = mesh.keys.terminal;
  const [first, second] = ["SIM-0007", "SIM-0008"].map((serial) => mesh.keys.anotherReader(serial));
  if (first === undefined || second === undefined) throw new Error("bug: two readers");
  const signer = new PaymentSigner({
    keys: mesh.keys,
    nowMs: () => systemClock.nowMs(),
    reader: first,
  });
  const good = { certificate: first.certificate, merchantId };
  const half = [good, { certificate: second.certificate, merchantId: "shop" }];
  await expect(mesh.registry.registerReaders({ readers: half })).rejects.toThrow("merchant_id");
  await expect(mesh.registry.registerReaders({ readers: [good, good] })).rejects.toThrow(
    "readers must be all different, got two alike",
  );
  const { states } = await mesh.registry.registerReaders({ readers: [good], validateOnly: true });
  expect(states).toEqual([DeviceState.ACTIVE]);
  expect(inWords(await mesh.relay.authorize(signer.sign()))).toBe("READER_UNKNOWN");
});

test.each(["relay", "reader", "terminal"] as const)(
  "a %s that is retired stays so, also by hand",
  async (kind) => {
    const { registry, keys } = mesh;
    const { merchantId } = keys.terminal;
    await registry.registerRelays({
      relays: [{ certificate: keys.anotherRelay("B7").certificate }],
    });
    await registry.registerReaders({
      readers: [{ certificate: keys.anotherReader("SIM-0009").certificate, merchantId }],
    });
    await registry.registerTerminals({
      terminals: [
        {
          certificate: keys.anotherTerminal("TILL0009", merchantId).certificate,
          currencies: [978],
        },
      ],
    });
    const set = (state: DeviceState) =>
      kind === "relay"
        ? registry.setRelayState({ relayId: "B7", state })
        : kind === "reader"
          ? registry.setReaderState({ serial: "SIM-0009", state })
          : registry.setTerminalState({ merchantId, terminalId: "TILL0009", state });
    await set(DeviceState.RETIRED);
    await expect(set(DeviceState.ACTIVE)).rejects.toThrow("is retired, for ever");
    await set(DeviceState.RETIRED);
  },
);
