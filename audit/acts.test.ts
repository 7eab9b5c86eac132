import { expect, test } from "vitest";
import { PinOversightService } from "../gen/cardlane/pin/v1/pin_pb.ts";
import {
  ProcessorOversightService,
  ProcessorRegistryService,
} from "../gen/cardlane/processor/v1/processor_pb.ts";
import { NotificationService } from "../gen/cardlane/relay/v1/notification_pb.ts";
import {
  RelayOversightService,
  RelayRegistryService,
  RelayService,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { WebhookService } from "../gen/cardlane/relay/v1/webhook_pb.ts";
import { ACTS } from "./acts.ts";
import { mayBeAct } from "./audited-services.ts";

/** All that operators may call. */
const SERVICES = [
  RelayService,
  RelayRegistryService,
  RelayOversightService,
  NotificationService,
  WebhookService,
  ProcessorRegistryService,
  ProcessorOversightService,
  PinOversightService,
];

/** Operators have no instructions of their own: a terminal signs them. */
const NO_ACTS = ["cardlane.relay.v1.RelayService/SubmitInstruction"];

test("whatever an operator can change is an act, and nothing else is", () => {
  const changing = SERVICES.flatMap(({ typeName, methods }) =>
    methods.filter(mayBeAct).map(({ name }) => `${typeName}/${name}`),
  );
  expect(Object.keys(ACTS).toSorted()).toEqual(
    changing.filter((name) => !NO_ACTS.includes(name)).toSorted(),
  );
});
