import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { RelayService } from "../gen/cardlane/relay/v1/relay_pb.ts";
import { service } from "../mesh/service.ts";
import { commandMesh } from "../test/fixtures/command-mesh.ts";

/** More than a pipe takes: 64 KiB. */
const PAYMENTS = 500;

const relay = service(RelayService, {
  listPayments: () => ({
    payments: Array.from({ length: PAYMENTS }, (_, number) => ({
      paymentId: `01932b5e-8c1a-7f00-9d3b-${String(number).padStart(12, "0")}`,
      merchantId: "CORNERCOFFEE001",
      readerSerial: "x".repeat(200),
    })),
  }),
});

/** `cardlane list --json` as a process of its own, with a pipe that nobody reads yet. */
function listing(path: string) {
  const words = ["list", "-n", String(PAYMENTS), "--json", "--data-dir", path];
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), ...words]);
  return { child, told: text(child.stderr), ended: once(child, "exit") };
}

test("a slow reader of a pipe gets all of a long output", async () => {
  await using mesh = await commandMesh({ relay: [relay] });
  const { child, told, ended } = listing(mesh.path);
  await once(child.stdout, "readable");
  const printed = await text(child.stdout);
  expect(printed.length).toBeGreaterThan(2 * 65_536);
  expect(JSON.parse(printed).payments).toHaveLength(PAYMENTS);
  expect([await ended, await told]).toEqual([[0, null], ""]);
});

test("a reader that goes away ends the command without a word, with 141", async () => {
  await using mesh = await commandMesh({ relay: [relay] });
  const { child, told, ended } = listing(mesh.path);
  await once(child.stdout, "readable");
  child.stdout.destroy();
  expect([await ended, await told]).toEqual([[141, null], ""]);
});
