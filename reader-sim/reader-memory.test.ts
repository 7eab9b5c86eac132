import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { directoryFiles } from "../mesh/disk/durable-files.ts";
import { silentLog } from "../mesh/log.ts";
import { parsePaymentId } from "../payment/identifiers.ts";
import { DukptRegister } from "../sealing/pin/dukpt.ts";
import { ReaderBench } from "../test/fixtures/reader-bench.ts";
import { ReaderMemoryLost, ReaderStore } from "./reader-store.ts";

/** In the order in which a reader reads them. */
const PROTECTING = ["counter.bin", "dukpt-register.bin", "pairing.bin", "manifest.bin"];
const ID = parsePaymentId("01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a");

/** A reader that has taken a payment, and has stopped. */
async function usedReader(): Promise<ReaderBench> {
  const bench = await ReaderBench.start();
  await bench.takePayment(await bench.terminal());
  bench.files = bench.files.copy();
  return bench;
}

test.each(PROTECTING)("a reader that cannot read its %s signs nothing any more", async (name) => {
  await using bench = await usedReader();
  expect(await bench.files.list(name)).toEqual([name]);
  bench.files.damaged.add(name);
  await expect(bench.restart()).rejects.toThrow(
    `the reader takes no payments: the stored file "${name}" is damaged on the disk. It could ` +
      "sign a payment or use a PIN key twice. Retire this reader",
  );
});

test.each(PROTECTING)("a reader whose damaged folder has no %s signs nothing", async (name) => {
  await using bench = await usedReader();
  bench.files.memory = "holes";
  await bench.files.remove(name);
  await expect(bench.restart()).rejects.toThrow(ReaderMemoryLost);
});

test("a reader that has lost nothing of what protects it goes on", async () => {
  await using bench = await usedReader();
  bench.files.memory = "holes";
  await bench.restart();
  await bench.takePayment(await bench.terminal());
});

test("a reader whose folder is older than what it wrote signs nothing any more", async () => {
  await using bench = await usedReader();
  bench.files.memory = "older";
  for (let start = 0; start < 2; start += 1) {
    await expect(bench.restart()).rejects.toThrow("is not the newest that it wrote there");
  }
});

test("no sector of zeros on its disk lets a reader repeat itself", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "cardlane-reader-"));
  const newRegister = () =>
    DukptRegister.load(new Uint8Array(8).fill(1), new Uint8Array(16).fill(2));
  const options = { takenIdsMax: 1_024, log: silentLog };
  const path = join(directory.path, "files.db");
  let usedKsn = new Uint8Array();
  {
    await using files = await directoryFiles(directory.path);
    const store = await ReaderStore.open({ files, newRegister, ...options });
    usedKsn = new Uint8Array((await store.takePinKey()).ksn);
    await store.takeCounter(ID);
  }
  const whole = await readFile(path);
  const witness = await readFile(join(directory.path, "files.changes"));
  const repeated: number[] = [];
  const went: number[] = [];
  for (let start = 0; start < whole.byteLength; start += 512) {
    await using home = await mkdtempDisposable(join(tmpdir(), "cardlane-reader-"));
    await writeFile(join(home.path, "files.db"), Buffer.from(whole).fill(0, start, start + 512));
    await writeFile(join(home.path, "files.changes"), witness);
    await using files = await directoryFiles(home.path, { damaged: "erased" });
    try {
      const store = await ReaderStore.open({ files, newRegister, ...options });
      went.push(start);
      const isSameKey = Buffer.compare((await store.takePinKey()).ksn, usedKsn) === 0;
      const again = await store.takeCounter(ID).catch(() => undefined);
      if (isSameKey || again !== undefined) repeated.push(start);
    } catch (error) {
      expect(error).toBeInstanceOf(ReaderMemoryLost);
    }
  }
  expect(repeated).toEqual([]);
  // Most of the database is none of these.
  expect(went.length).toBeGreaterThan(0);
});
