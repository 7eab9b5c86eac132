import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ProgramName } from "../dev-mesh/mesh-directory.ts";
import { PinOversightService, PinService } from "../gen/cardlane/pin/v1/pin_pb.ts";
import {
  ProcessorOversightService,
  ProcessorRegistryService,
  ProcessorService,
} from "../gen/cardlane/processor/v1/processor_pb.ts";
import { ReaderControlService, ReaderService } from "../gen/cardlane/reader/v1/reader_pb.ts";
import { NotificationService } from "../gen/cardlane/relay/v1/notification_pb.ts";
import {
  RelayOversightService,
  RelayRegistryService,
  RelayService,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { WebhookService } from "../gen/cardlane/relay/v1/webhook_pb.ts";
import { TerminalService } from "../gen/cardlane/terminal/v1/terminal_pb.ts";
import { ServerReflection } from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { Health } from "../gen/health/v1/health_pb.ts";

/** Who is besieged: the programs of a mesh, and the inbox beside it. */
type Besieged = ProgramName | "inbox";

/** A port, and what is spoken there. */
export interface Door {
  /** "relay", "relay over TLS", "inbox, mail" */
  readonly name: string;
  readonly program: Besieged;
  readonly speaks: "gRPC" | "HTTP/1.1" | "SMTP" | "SMPP";
  readonly isTls: boolean;
  /** Empty where gRPC is not spoken. */
  readonly methods: readonly DescMethod[];
}

const SERVICES: Readonly<Record<ProgramName, readonly DescService[]>> = {
  reader: [ReaderService, ReaderControlService],
  terminal: [TerminalService],
  relay: [
    RelayService,
    RelayRegistryService,
    RelayOversightService,
    NotificationService,
    WebhookService,
  ],
  processor: [ProcessorService, ProcessorRegistryService, ProcessorOversightService],
  "pin-service": [PinService, PinOversightService],
};
const PROGRAMS = Object.keys(SERVICES) as readonly ProgramName[];

export const BESIEGED: readonly Besieged[] = [...PROGRAMS, "inbox"];

/** Every port of a mesh in plaintext, of one with TLS, and of an inbox. */
export const DOORS: readonly Door[] = [
  ...PROGRAMS.map((program) => meshDoor(program, false)),
  // The reader's port is in plaintext always: what passes there is protected by Salt Channel.
  ...PROGRAMS.filter((program) => program !== "reader").map((program) => meshDoor(program, true)),
  inboxDoor("inbox", "HTTP/1.1"),
  inboxDoor("inbox, mail", "SMTP"),
  inboxDoor("inbox, SMS", "SMPP"),
];

function meshDoor(program: ProgramName, isTls: boolean): Door {
  const services = [...SERVICES[program], Health, ServerReflection];
  return {
    name: isTls ? `${program} over TLS` : program,
    program,
    speaks: "gRPC",
    isTls,
    methods: services.flatMap(({ methods }) => methods),
  };
}

function inboxDoor(name: string, speaks: Door["speaks"]): Door {
  return { name, program: "inbox", speaks, isTls: false, methods: [] };
}
