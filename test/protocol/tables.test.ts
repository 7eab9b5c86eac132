import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Certainty, NextStep, PaymentKind } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { enumName } from "../../payment/enum-name.ts";
import { PAYMENT_ERRORS } from "../../payment/errors.ts";
import { RESPONSE_CODES } from "../../payment/response-codes.ts";
import { certaintyOf, PAYMENT_TRANSITIONS, type StateName } from "../../payment/states.ts";
import { PAYLOAD_TYPES } from "../../sealing/keys/dsse.ts";
import { tableUnder } from "./document-table.ts";

const ANSWERS = "docs/protocol/answers.md";

test("docs/protocol/answers.md shows every state, its certainty and what may follow", () => {
  const shown = tableUnder(ANSWERS, "States of a record").map(([state, certainty, next = ""]) => [
    state,
    certainty,
    // Behind the semicolon: what the processor alone can bring about.
    next.split(";")[0],
  ]);
  expect(shown.toSorted()).toEqual(
    (Object.keys(PAYMENT_TRANSITIONS) as StateName[])
      .map((state) => [
        state,
        enumName(Certainty, certaintyOf(state)),
        PAYMENT_TRANSITIONS[state].join(", "),
      ])
      .toSorted(),
  );
});

test("docs/protocol/answers.md shows every response code", () => {
  expect(tableUnder(ANSWERS, "Response codes")).toEqual(
    RESPONSE_CODES.map(({ code, meaning, nextStep }) => [
      code,
      meaning,
      enumName(NextStep, nextStep),
    ]),
  );
});

test("docs/protocol/bytes.md shows every type that is signed or hashed", () => {
  const names = readFileSync("docs/protocol/bytes.md", "utf8").matchAll(/`([a-z-]+)`/g);
  const shown = new Set([...names].map(([, name]) => name));
  expect(Object.keys(PAYLOAD_TYPES).filter((name) => !shown.has(name))).toEqual([]);
});

test("docs/protocol/payment.md has every kind of payment in one row", () => {
  const shown = tableUnder("docs/protocol/payment.md", "Kinds of payment").flatMap(([kinds = ""]) =>
    kinds.split(", "),
  );
  const inContract = Object.keys(PaymentKind).filter((name) => name !== "UNSPECIFIED");
  expect(shown.toSorted()).toEqual(inContract.toSorted());
});

test("docs/protocol/handshake.md gives the lengths and heads of the vectors' packets", () => {
  const text = readFileSync("test/vectors/salt-sessions.json", "utf8");
  const [client] = JSON.parse(text).vectors;
  const packets = { ...client.given, ...client.gives };
  const bytes = (hex: string) => hex.length / 2;
  const shown = new Map(
    tableUnder("docs/protocol/handshake.md", "The packets").map(([name = "", , , length = ""]) => [
      name,
      length,
    ]),
  );
  expect(shown.get("M1")).toBe(String(bytes(packets.m1)));
  expect(shown.get("M2")).toBe(String(bytes(packets.m2)));
  expect(shown.get("encrypted packet")).toBe(`${bytes(packets.m3)} for M3 and M4`);
  expect(bytes(packets.m4)).toBe(bytes(packets.m3));
  expect(shown.get("M3, in clear")).toBe(String(bytes(packets.m3) - 2 - 16));
  // Head, then "time supported": the number 1.
  expect(packets.m1.slice(0, 20)).toBe("53437632010001000000");
  expect(packets.m2.slice(0, 12)).toBe("020001000000");
});

test("the contract names every error code where a fault carries one", () => {
  const contract = readFileSync("proto/cardlane/payment/v1/payment.proto", "utf8");
  const comment = /((?: *\/\/.*\n)+) *string code = 1;/.exec(contract)?.[1] ?? "";
  const named = comment.match(/\b[A-Z]+_?[A-Z_]+\b/g) ?? [];
  expect(named).toEqual(Object.keys(PAYMENT_ERRORS));
});

test("no two headings of docs/contracts.md have one address", () => {
  const page = readFileSync("docs/contracts.md", "utf8");
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  expect(headings.filter((heading, at) => headings.indexOf(heading) !== at)).toEqual([]);
});
