import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { makeDevelopmentTls } from "../../dev-mesh/development-tls.ts";
import { Certainty, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { DeviceState, RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { loadIdentity } from "../../mesh/identity/identity.ts";
import { silentLog } from "../../mesh/log.ts";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

const HOLDERS = {
  relay: "relay/A1",
  operator: "operator/alice",
  old: "terminal/CORNERCOFFEE001/TILLOLD1",
} as const;

/** A relay behind mutual TLS, its operator, and a terminal that it does not have. */
async function unregistered() {
  const stack = new AsyncDisposableStack();
  const directory = join(stack.use(await temporaryDirectory()).path, "tls");
  const nowMs = systemClock.nowMs();
  await makeDevelopmentTls({ directory, holders: HOLDERS, trustDomain: "cardlane.test", nowMs });
  const load = async (holder: keyof typeof HOLDERS) =>
    stack.use(await loadIdentity(join(directory, holder), { clock: systemClock, log: silentLog }));
  const identity = await load("relay");
  const operator = await load("operator");
  const bed = stack.use(await TestBed.start());
  const relay = await bed.startRelay({ identity, operator });
  await bed.register(relay);
  const old = stack.use(relay.connect(await load("old"))).client(RelayService);
  return { bed, relay, old, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

// A terminal of before certificates were shown sends none with what it wants undone.
test("an old terminal that is not registered has nothing ended until it is", async () => {
  await using mesh = await unregistered();
  const { bed, relay, old } = mesh;
  const { paymentId } = bed.signer.sign();
  const { merchantId } = bed.keys.terminal;
  const cancel = () => old.cancelPayment({ paymentId, merchantId });
  const key = { case: "paymentId", value: paymentId } as const;
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const refusal = await cancel().catch(ConnectError.from);
    const error = refusal instanceof ConnectError ? paymentErrorFrom(refusal) : undefined;
    expect(error).toMatchObject({ code: "TERMINAL_UNKNOWN" });
  }
  expect(await bed.query("SELECT state FROM record")).toEqual([]);
  expect(bed.processor.reversals).toEqual([]);

  const { certificate } = bed.keys.anotherTerminal("TILLOLD1", merchantId);
  const state = DeviceState.ACTIVE;
  await relay.registry.registerTerminals({
    terminals: [{ certificate, state, currencies: [978] }],
  });
  expect((await cancel()).completed).toMatchObject({
    state: PaymentState.REVERSING,
    certainty: Certainty.UNKNOWN,
  });
  await expect
    .poll(async () => (await relay.calls.getPayment({ key, merchantId })).payment?.state)
    .toBe(PaymentState.REVERSED);
  const { completed } = await cancel();
  expect(completed).toMatchObject({ state: PaymentState.REVERSED, certainty: Certainty.FINAL });
  expect(completed?.result).toBeDefined();
});
