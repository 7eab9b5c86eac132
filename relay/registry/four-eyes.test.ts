import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { makeDevelopmentTls } from "../../dev-mesh/development-tls.ts";
import { type AuditEntry, AuditService, AuditStep } from "../../gen/cardlane/audit/v1/audit_pb.ts";
import { DeviceState, RelayRegistryService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { systemClock } from "../../mesh/clock.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { loadIdentity } from "../../mesh/identity/identity.ts";
import { silentLog } from "../../mesh/log.ts";
import { temporaryDirectory } from "../../mesh/testing/certificates.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

const HOLDERS = {
  relay: "relay/A1",
  ada: "operator/ada",
  ben: "operator/ben",
  terminal: "terminal/CORNERCOFFEE001/TILL0001",
} as const;

test("over mutual TLS the second operator is another certificate, and both are named", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = join(stack.use(await temporaryDirectory()).path, "tls");
  const nowMs = systemClock.nowMs();
  await makeDevelopmentTls({ directory, holders: HOLDERS, trustDomain: "cardlane.test", nowMs });
  const load = async (holder: keyof typeof HOLDERS) =>
    stack.use(await loadIdentity(join(directory, holder), { clock: systemClock, log: silentLog }));
  const [identity, ada, ben] = [await load("relay"), await load("ada"), await load("ben")];
  const bed = stack.use(await TestBed.start());
  // Registered before the rule holds.
  const before = await bed.startRelay({ identity, operator: ada });
  await bed.register(before);
  await before[Symbol.asyncDispose]();
  const relay = await bed.startRelay({ identity, operator: ada, fourEyes: ["devices"] });
  const { reader } = bed.keys;
  const suspend = async (who: typeof ada) => {
    using channel = relay.connect(who);
    const order = { serial: reader.serial, state: DeviceState.SUSPENDED };
    return await channel
      .client(RelayRegistryService)
      .setReaderState(order)
      .then(
        () => "done",
        (error: unknown) => paymentErrorFrom(ConnectError.from(error))?.code,
      );
  };
  expect(await suspend(ada)).toBe("NEEDS_SECOND_OPERATOR");
  expect(await suspend(ada)).toBe("NEEDS_SECOND_OPERATOR");
  expect(await suspend(await load("terminal"))).toBe("NOT_PERMITTED");
  const stateOf = async () => (await bed.query("SELECT state FROM reader"))[0]?.state;
  expect(await stateOf()).toBe("ACTIVE");
  expect(await suspend(ben)).toBe("done");
  expect(await stateOf()).toBe("SUSPENDED");

  using channel = relay.connect(ada);
  const entries: AuditEntry[] = [];
  for await (const page of channel.client(AuditService).streamAuditEntries({})) {
    entries.push(...page.entries);
  }
  const asked = entries.filter(({ method }) => method.endsWith("/SetReaderState"));
  const actors = new Set(asked.map(({ actor }) => actor));
  expect([...actors].sort()).toEqual([
    "spiffe://cardlane.test/operator/ada",
    "spiffe://cardlane.test/operator/ben",
  ]);
  const done = asked.filter(({ step }) => step === AuditStep.DONE);
  expect(done.map(({ actor }) => actor)).toEqual(["spiffe://cardlane.test/operator/ben"]);
});
