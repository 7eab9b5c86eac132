import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { dial } from "../../mesh/client/dial.ts";
import { systemClock } from "../../mesh/clock.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { PaymentSigner } from "../fixtures/reader-payment.ts";
import { nextChanges } from "../fixtures/relay-bed.ts";
import { type MeshFixture, startTestMesh } from "../mesh/mesh-fixture.ts";
import { RogueTerminal } from "../mesh/rogue-terminal.ts";
import { isInstalled, type ReverseProxy, startProxy } from "./reverse-proxy.ts";

const PROXIES = ["nginx", "haproxy", "envoy"] as const;

let fixture: MeshFixture;
let signer: PaymentSigner;

beforeAll(async () => {
  fixture = await startTestMesh();
  signer = new PaymentSigner({ keys: fixture.keys, nowMs: () => systemClock.nowMs() });
});

afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(PROXIES)("behind %s (npm run test:polyglot installs it)", (name) => {
  describe.skipIf(!isInstalled(name))("with its configuration of deploy/", () => {
    let proxy: ReverseProxy;

    beforeAll(async () => {
      proxy = await startProxy(name, fixture.mesh.addresses.relay);
      await vi.waitFor(() => listed(proxy), { timeout: 15_000, interval: 100 });
    });

    afterAll(async () => {
      await proxy?.[Symbol.asyncDispose]();
    });

    test("a payment's stream: recorded, then approved", async () => {
      using terminal = new RogueTerminal(proxy.address);
      const { signed } = signer.sign();
      const { recorded, completed } = await terminal.submit(signed);
      expect(completed).toMatchObject({
        state: PaymentState.APPROVED,
        recordNumber: recorded?.recordNumber,
      });
    });

    test("several payments on one stream", async () => {
      using terminal = new RogueTerminal(proxy.address);
      const states: (PaymentState | undefined)[] = [];
      for (let payment = 0; payment < 3; payment += 1) {
        states.push((await terminal.submit(signer.sign().signed)).completed?.state);
      }
      expect(states).toEqual(Array(3).fill(PaymentState.APPROVED));
    });

    test("an error keeps its status and details", async () => {
      using channel = dialProxy(proxy);
      const key = { case: "recordNumber", value: "hello" } as const;
      const error = await channel.client(RelayService).getPayment({ key }).catch(ConnectError.from);
      expect(error).toMatchObject({ code: Code.InvalidArgument });
      expect(paymentErrorFrom(error as ConnectError)?.code).toBe("MALFORMED_REQUEST");
    });

    test("a server's stream", async () => {
      using channel = dialProxy(proxy);
      const changes = channel.client(RelayService).watchPayments({ afterSequence: 0n });
      const [first] = await nextChanges(changes, 1);
      expect(first?.payment?.recordNumber).toMatch(/^[0-9A-Z]{12}$/);
    });
  });
});

function dialProxy({ address }: ReverseProxy) {
  return dial({ targets: [address], services: [RelayService], clock: systemClock });
}

async function listed(proxy: ReverseProxy): Promise<void> {
  using channel = dialProxy(proxy);
  await channel.client(RelayService).listPayments({});
}
