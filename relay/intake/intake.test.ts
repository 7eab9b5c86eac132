import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { TestBed } from "../../test/fixtures/relay-bed.ts";

test("a repeat gets the first answer, also if its reader was suspended meanwhile", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  const { signed, paymentId } = bed.signer.sign();
  const terminal = relay.openTerminal();
  terminal.submit(signed);
  const first = await terminal.completedAs(paymentId, PaymentState.APPROVED);
  const { certificate } = bed.keys.reader;
  const { merchantId } = bed.keys.terminal;
  const readers = [{ certificate, merchantId, state: DeviceState.SUSPENDED }];
  await relay.registry.registerReaders({ readers });

  const later = relay.openTerminal();
  later.submit(signed);
  const another = bed.signer.sign();
  later.submit(another.signed);
  expect((await later.refusedOf(another.paymentId)).fault?.code).toBe("READER_NOT_ACTIVE");
  await later.until(() => later.completed.length + later.refused.length > 1);
  expect(later.completed).toEqual([first]);
});
