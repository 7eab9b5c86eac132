import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SignedPaymentSchema } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { directoryFiles } from "../../mesh/disk/durable-files.ts";
import { TestKeys } from "../fixtures/keys.ts";
import { PaymentSigner } from "../fixtures/reader-payment.ts";
import { DEVICE_MEMORIES, type DeviceInput } from "./device-memories.ts";
import { hasLyingDisk, LyingDisk } from "./lying-disk.ts";

const LIFE = join(import.meta.dirname, "device-life.ts");
const NOW_MS = 1_780_000_000_000;

describe.runIf(hasLyingDisk())("when the power goes (on Linux with cc)", () => {
  let disk: LyingDisk;
  beforeAll(() => {
    disk = new LyingDisk();
  });
  afterAll(() => disk[Symbol.dispose]());

  test.each(Object.entries(DEVICE_MEMORIES))(
    "at any moment, what was said to be stored is there: %s",
    async (name, memory) => {
      const input = deviceInput();
      const cuts = disk.run(LIFE, { arguments: [name], input: JSON.stringify(input) });
      for (const { atSync, told, layOut } of cuts) {
        await using files = await directoryFiles(join(layOut(), "data"));
        // A power cut is no damage: a reader would refuse to go on.
        expect({ atSync, memory: files.memory }).toEqual({ atSync, memory: "whole" });
        const forgotten = await memory.forgotten({ files, input, told });
        expect({ atSync, forgotten }).toEqual({ atSync, forgotten: [] });
      }
      expect(cuts.at(-1)?.told.length).toBeGreaterThan(3);
    },
  );

  test.each(Object.entries(DEVICE_MEMORIES))(
    "at any moment, what was said to be erased is in no file: %s",
    async (name, memory) => {
      const input = deviceInput();
      const cuts = disk.run(LIFE, { arguments: [name], input: JSON.stringify(input) });
      for (const { atSync, told, layOut } of cuts) {
        const erased = memory.erased(input, told);
        const contents = contentsOf(join(layOut(), "data"));
        const found = erased.filter((bytes) => contents.some((content) => content.includes(bytes)));
        expect({ atSync, told: told.at(-1), found: found.length }).toMatchObject({ found: 0 });
        expect(erased.every((bytes) => bytes.length > 0)).toBe(true);
      }
      expect(memory.erased(input, cuts.at(-1)?.told ?? []).length).toBeGreaterThan(0);
    },
  );
});

/** Of all files there, before a program has opened them. */
function contentsOf(directory: string): readonly Buffer[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).map((name) => readFileSync(join(directory, name)));
}

/** Two payments that a reader signed, and the PIN keys of a new one. */
function deviceInput(): DeviceInput {
  using keys = new TestKeys({ nowMs: NOW_MS });
  const signer = new PaymentSigner({ keys, nowMs: () => NOW_MS });
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const payments = [signer.sign(), signer.sign()];
  return {
    initialKeyId: base64(keys.reader.dukptInitialKeyId),
    initialKey: base64(keys.reader.dukptInitialKey),
    payments: payments.map(({ signed }) => base64(toBinary(SignedPaymentSchema, signed))),
  };
}
