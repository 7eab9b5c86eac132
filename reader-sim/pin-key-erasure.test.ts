import { mkdtempDisposable, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { directoryFiles } from "../mesh/disk/durable-files.ts";
import { silentLog } from "../mesh/log.ts";
import { DukptRegister } from "../sealing/pin/dukpt.ts";
import { ReaderStore } from "./reader-store.ts";

/** What the keys of the register begin after: version, key id and counter say nothing secret. */
const HEAD_BYTES = 13;
const KEY_BYTES = 16;

test("a PIN key can not be computed any more from what the reader has on its disk", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "cardlane-reader-"));
  await using files = await directoryFiles(directory.path);
  const newRegister = () =>
    DukptRegister.load(new Uint8Array(8).fill(1), new Uint8Array(16).fill(2));
  const before = newRegister().serialize();
  const store = await ReaderStore.open({ files, newRegister, takenIdsMax: 1, log: silentLog });
  // The first payment uses the first key of the register up.
  const used = Buffer.from(before.subarray(HEAD_BYTES, HEAD_BYTES + KEY_BYTES));
  const isOnDisk = async () => {
    const names = await readdir(directory.path);
    const contents = await Promise.all(names.map((name) => readFile(join(directory.path, name))));
    return contents.some((content) => content.includes(used));
  };
  expect(used.every((byte) => byte === 0)).toBe(false);
  expect(await isOnDisk()).toBe(true);
  await store.takePinKey();
  expect(await isOnDisk()).toBe(false);
});
