import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { systemRandom } from "../../sealing/random.ts";
import { scanProcess } from "./process-memory.ts";

/** Has a secret that no file and no argument has: each byte is one of what it is given, flipped. */
const HOLDER = `
  const held = Buffer.alloc(16);
  process.on("message", (message) => {
    if (message === "wipe") held.fill(0);
    else Buffer.from(message, "hex").forEach((byte, index) => { held[index] = byte ^ 0xff; });
    process.send("done");
  });`;

test.runIf(process.platform === "linux")(
  "a secret is found in the memory of another process until it is wiped there",
  async () => {
    const child = spawn(process.execPath, ["-e", HOLDER], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    try {
      const secret = systemRandom.bytes(16);
      const count = () => scanProcess(child.pid ?? Number.NaN, { secret }).secret;
      expect(count()).toBe(0);
      child.send(Buffer.from(secret.map((byte) => byte ^ 0xff)).toString("hex"));
      await once(child, "message");
      expect(count()).toBe(1);
      child.send("wipe");
      await once(child, "message");
      expect(count()).toBe(0);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  },
);

test.runIf(process.platform === "linux")("a process that is gone is an error", () => {
  expect(() => scanProcess(2 ** 22 + 1, { secret: Buffer.from("x") })).toThrow("ENOENT");
});
