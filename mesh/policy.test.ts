import { expect, test } from "vitest";
import { mayCall, type Policy } from "./policy.ts";

const POLICY: Policy = [
  {
    identity: "spiffe://cardlane/relay/*",
    methods: ["cardlane.processor.v1.ProcessorService/Process"],
  },
  { identity: "spiffe://cardlane/operator", methods: ["cardlane.relay.v1.RelayService/*"] },
];

test.each([
  ["spiffe://cardlane/relay/A1", "cardlane.processor.v1.ProcessorService/Process"],
  ["spiffe://cardlane/operator", "cardlane.relay.v1.RelayService/GetPayment"],
  ["spiffe://cardlane/anybody", "grpc.health.v1.Health/Check"],
  ["spiffe://cardlane/anybody", "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"],
])("%s may call %s", (identity, method) => {
  expect(mayCall(POLICY, identity, method)).toBe(true);
});

test.each([
  ["spiffe://cardlane/relay/A1", "cardlane.processor.v1.ProcessorService/GetManifest"],
  ["spiffe://cardlane/relay/A1", "cardlane.processor.v1.ProcessorServiceX/Process"],
  ["spiffe://cardlane/relay", "cardlane.processor.v1.ProcessorService/Process"],
  ["spiffe://cardlane/relay/A1/more", "cardlane.processor.v1.ProcessorService/Process"],
  ["spiffe://elsewhere/relay/A1", "cardlane.processor.v1.ProcessorService/Process"],
  ["spiffe://cardlane/operator/x", "cardlane.relay.v1.RelayService/GetPayment"],
  ["", "cardlane.relay.v1.RelayService/GetPayment"],
])("%s may not call %s", (identity, method) => {
  expect(mayCall(POLICY, identity, method)).toBe(false);
});
