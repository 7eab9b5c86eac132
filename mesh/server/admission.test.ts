import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PaymentError } from "../../payment/errors.ts";
import { type LogFields, silentLog } from "../log.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { Admission } from "./admission.ts";

const TERMINAL = "spiffe://cardlane/terminal/1";
const PAY = "cardlane.Pay/Pay";

function admission() {
  const clock = new ManualClock();
  const lines: LogFields[] = [];
  const log = {
    ...silentLog,
    security: (_: string, __: string, fields: LogFields = {}) => lines.push(fields),
  };
  const policy = [{ identity: "spiffe://cardlane/terminal/*", methods: [PAY] }];
  const callRate = { perSecond: 10, burst: 3 };
  const admitting = new Admission(policy, callRate, { clock, log });
  /** "admitted", or the code of the refusal. */
  const ask = (identity: string | undefined, method: string): string => {
    try {
      admitting.admit(identity, method);
      return "admitted";
    } catch (error) {
      return error instanceof PaymentError ? error.code : Code[ConnectError.from(error).code];
    }
  };
  return { clock, lines, ask };
}

test("calls that are refused count like the others", () => {
  const { ask } = admission();
  const asked = [1, 2, 3, 4].map(() => ask(TERMINAL, "cardlane.Other/Other"));
  expect(asked).toEqual(["PermissionDenied", "PermissionDenied", "PermissionDenied", "OVERLOADED"]);
  expect(ask(TERMINAL, PAY)).toBe("OVERLOADED");
  expect(ask("spiffe://cardlane/terminal/2", PAY)).toBe("admitted");
});

test("a peer that is nobody is refused, and counted", () => {
  const { ask } = admission();
  const asked = [1, 2, 3, 4].map(() => ask(undefined, PAY));
  expect(asked.at(0)).toBe("PermissionDenied");
  expect(asked.at(-1)).toBe("OVERLOADED");
});

test("reflection counts among the calls, health does not", () => {
  const { ask } = admission();
  const health = [1, 2, 3, 4].map(() => ask(TERMINAL, "grpc.health.v1.Health/Check"));
  expect(new Set(health)).toEqual(new Set(["admitted"]));
  const info = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  expect([1, 2, 3, 4].map(() => ask(TERMINAL, info)).at(-1)).toBe("OVERLOADED");
});

test("health has a rate of its own", () => {
  const { ask } = admission();
  const health = Array.from({ length: 501 }, () => ask(TERMINAL, "grpc.health.v1.Health/Check"));
  expect(health.lastIndexOf("admitted")).toBe(499);
  expect(health.at(-1)).toBe("OVERLOADED");
  expect(ask(TERMINAL, PAY)).toBe("admitted");
});

test("who is refused again and again is in the log once a second, with how often", async () => {
  const { ask, lines, clock } = admission();
  for (let call = 0; call < 3; call += 1) ask(TERMINAL, "cardlane.Other/Other");
  await clock.advance(1_000);
  ask(TERMINAL, "cardlane.Other/Other");
  expect(lines.map(({ peerIdentity, count }) => [peerIdentity, count])).toEqual([
    [TERMINAL, 1],
    [TERMINAL, 3],
  ]);
});
