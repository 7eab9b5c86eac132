import { expect, test } from "vitest";
import { type LogFields, silentLog } from "../log.ts";
import { Outage } from "./outage.ts";

function recorded() {
  const told: string[] = [];
  const log = {
    ...silentLog,
    failure: (message: string, _error: unknown, fields?: LogFields) =>
      void told.push(`${message} ${fields?.address ?? ""}`.trim()),
    info: (message: string, fields?: LogFields) =>
      void told.push(`${message} ${fields?.count ?? ""}`.trim()),
  };
  return { told, outage: new Outage(log, { begins: "it fails", ends: "it works again" }) };
}

test("what works is not told", () => {
  const { told, outage } = recorded();
  outage.succeeded();
  expect({ told, isOn: outage.isOn }).toEqual({ told: [], isOn: false });
});

test("an outage is told once, and so is its end", () => {
  const { told, outage } = recorded();
  outage.failed(new Error("away"), { address: "first" });
  expect(outage.isOn).toBe(true);
  outage.failed(new Error("still away"), { address: "second" });
  outage.succeeded({ count: 2 });
  outage.succeeded({ count: 0 });
  expect(told).toEqual(["it fails first", "it works again 2"]);
  expect(outage.isOn).toBe(false);
});

test("the next outage is told again", () => {
  const { told, outage } = recorded();
  outage.failed(new Error("away"));
  outage.succeeded();
  outage.failed(new Error("away"));
  expect(told).toEqual(["it fails", "it works again", "it fails"]);
});
