import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { NotificationBed } from "../../test/fixtures/notification-bed.ts";
import { openRelayStore } from "../relay-store.ts";

test("a message names the merchant of its payment, not another with that terminal id", async () => {
  await using bed = await NotificationBed.start({ phone: "" });
  const { terminal } = bed.bed.keys;
  const columns = `terminal_id, state, currencies, certificate_id, certificate, not_after,
    registered_at`;
  for (const other of ["AAASTRANGERS001", "ZZZSTRANGERS001"]) {
    await bed.bed.query(
      `INSERT INTO terminal (merchant_id, merchant_name, ${columns})
       SELECT $1, 'Strangers', ${columns} FROM terminal WHERE merchant_id = $2`,
      [other, terminal.merchantId],
    );
  }
  const recordNumber = await bed.pay(PaymentState.APPROVED);
  await using store = openRelayStore(bed.bed.databaseUrl, "S1");
  const found = await store.notifications.findQueued(`${recordNumber}-APPROVED-EMAIL`);
  const [row] = await bed.bed.query("SELECT merchant_name FROM terminal WHERE merchant_id = $1", [
    terminal.merchantId,
  ]);
  expect(found?.facts.merchantName).toBe(row?.merchant_name);
});
