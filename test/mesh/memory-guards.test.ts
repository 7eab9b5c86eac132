import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROGRAM_NAMES } from "../../dev-mesh/mesh-directory.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { startTestMesh } from "./mesh-fixture.ts";
import { pay } from "./pay.ts";

test.runIf(process.platform === "linux")(
  "SIGUSR1 opens no inspector in any program and ends none, and none leaves a core",
  async () => {
    await using fixture = await startTestMesh();
    const { mesh } = fixture;
    const programs = PROGRAM_NAMES.map((name) => mesh.program(name));
    for (const program of programs) process.kill(program.pid, "SIGUSR1");
    const { report } = await pay(mesh, {});
    expect(report.state).toBe(PaymentState.APPROVED);
    for (const { name, pid } of programs) {
      // "Debugger listening on …", or that its port is taken.
      expect(readFileSync(mesh.directory.logOf(name), "utf8")).not.toMatch(/debugger|inspector/i);
      const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
      const cores = /^Max core file size.*$/m.exec(limits)?.[0];
      expect({ name, cores }).toMatchObject({ cores: expect.stringMatching(/ 0 +0 /) });
      // 1 << 9: it blocks SIGUSR1, which is signal 10.
      const blocked = /^SigBlk:\t(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      expect({ name, isBlocked: (BigInt(`0x${blocked}`) & 0x200n) !== 0n }).toEqual({
        name,
        isBlocked: true,
      });
    }
  },
);
