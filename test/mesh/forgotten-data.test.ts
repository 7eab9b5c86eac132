import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { decodeReaderPayment } from "../../payment/payment-context.ts";
import { TestBed } from "../fixtures/relay-bed.ts";
import { RelayCluster } from "./relay-cluster.ts";

const TEST_MS = 120_000;

/** Files of a folder, at any depth, that have these bytes in them. */
async function filesWith(directory: string, bytes: Uint8Array): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(bytes)) found.push(path);
  }
  return found;
}

/** Everything written so far is in the files, and not in PostgreSQL's memory alone. */
const toDisk = (cluster: RelayCluster) => cluster.query("CHECKPOINT");

test(
  "no file and no log of PostgreSQL has what a reader sealed but in storage boxes",
  async () => {
    await using cluster = await RelayCluster.start();
    await using bed = await TestBed.on(cluster.url);
    const relay = await bed.startRelay();
    await bed.register(relay);
    const { signed, paymentId } = bed.signer.sign();
    const terminal = relay.openTerminal();
    terminal.submit(signed);
    await terminal.completedAs(paymentId, PaymentState.APPROVED);
    const [row] = await cluster.query("SELECT box FROM sealed_payment");
    await toDisk(cluster);

    const { cardBox } = decodeReaderPayment(signed.readerPayment);
    const part = cardBox.subarray(32, 64);
    expect(await filesWith(cluster.directory, part)).toEqual([]);
    // What is looked for would be found: in a table and in the log.
    await cluster.query("CREATE TABLE control (bytes bytea)");
    await cluster.query("INSERT INTO control VALUES ($1)", [Buffer.from(cardBox)]);
    await toDisk(cluster);
    expect((await filesWith(cluster.directory, part)).length).toBeGreaterThanOrEqual(2);

    // The storage box is there still, in the log at least: whoever has the files has it.
    const box: Buffer = row?.box;
    const places = await filesWith(cluster.directory, box.subarray(-64));
    expect(places.some((path) => path.includes("pg_wal"))).toBe(true);
  },
  TEST_MS,
);
