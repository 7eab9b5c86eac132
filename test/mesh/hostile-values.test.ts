import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProgramName } from "../../dev-mesh/mesh-directory.ts";
import { AuditService } from "../../gen/cardlane/audit/v1/audit_pb.ts";
import { PinOversightService } from "../../gen/cardlane/pin/v1/pin_pb.ts";
import {
  ProcessorOversightService,
  ProcessorRegistryService,
  ProcessorService,
} from "../../gen/cardlane/processor/v1/processor_pb.ts";
import { NotificationService } from "../../gen/cardlane/relay/v1/notification_pb.ts";
import {
  RelayOversightService,
  RelayRegistryService,
  RelayService,
} from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { WebhookService } from "../../gen/cardlane/relay/v1/webhook_pb.ts";
import { TerminalService } from "../../gen/cardlane/terminal/v1/terminal_pb.ts";
import { dial } from "../../mesh/client/dial.ts";
import { systemClock } from "../../mesh/clock.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { type MeshFixture, startTestMesh } from "./mesh-fixture.ts";

const SERVICES: Readonly<Partial<Record<ProgramName, readonly DescService[]>>> = {
  relay: [
    RelayService,
    RelayRegistryService,
    RelayOversightService,
    NotificationService,
    WebhookService,
    AuditService,
  ],
  processor: [ProcessorService, ProcessorRegistryService, ProcessorOversightService, AuditService],
  "pin-service": [PinOversightService, AuditService],
  terminal: [TerminalService],
};

const METHODS = Object.entries(SERVICES).flatMap(([program, services]) =>
  services.flatMap((service) =>
    service.methods
      .filter(({ methodKind }) => methodKind === "unary" || methodKind === "server_streaming")
      .map((method) => ({ name: `${service.name}/${method.name}`, program, service, method })),
  ),
);

/** What a request is full of otherwise, so that the one hostile value is reached. */
const PLAUSIBLE: Readonly<Record<string, unknown>> = {
  merchant_id: "CORNERCOFFEE001",
  terminal_id: "TILL0001",
  reader_serial: "SIM-0001",
  relay_id: "A1",
  payment_id: "01932b5e-8c1a-7f00-9d3b-1f2e3d4c5b6a",
  record_number: "A17K2M9QX4T8",
  phone: "+12025550123",
  email: "till@shop.example",
  language: "en-GB",
  time_zone: "Europe/Vienna",
  url: "https://shop.example/hook",
  serial: "SIM-0001",
  address: "till@shop.example",
  currency: 978,
  state: 1,
  decision: 1,
  page_size: 10,
};

const TEXTS = [
  "\0",
  "A\0B",
  "\ud800",
  "\u202e\u200d\ufeff",
  "'; DROP TABLE record; --",
  "9".repeat(400),
  "99999999999999 A17K2M9QX4T8",
  Buffer.from("9999999999999999999999 A17K2M9QX4T8").toString("base64url"),
  "x".repeat(9_000),
];
const BYTES = [Buffer.alloc(1), Buffer.alloc(16, 0xff), Buffer.alloc(9_000, 0x80)];
const UNSIGNED = [1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
const SIGNED = [-1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)];

function hostileScalars(scalar: ScalarType): readonly unknown[] {
  switch (scalar) {
    case ScalarType.STRING:
      return TEXTS;
    case ScalarType.BYTES:
      return BYTES;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return UNSIGNED;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return SIGNED;
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return [1, 2 ** 31, 2 ** 32 - 1];
    case ScalarType.BOOL:
      return [true];
    default:
      return [-1, 2 ** 31 - 1, -(2 ** 31)];
  }
}

interface Hostile {
  readonly path: string;
  readonly request: Message;
}

/** A message that is plausible, made anew, with its nested messages down to a depth. */
function plausible(desc: DescMessage, depth = 0): Message {
  const message = create(desc);
  for (const field of desc.fields) {
    const value = plausibleValue(field, depth);
    if (value !== undefined && !isSet(message, field)) put(message, field, value);
  }
  return message;
}

function plausibleValue(field: DescField, depth: number): unknown {
  if (field.name === "certificate") return certificateFor(field.parent.name);
  if (field.fieldKind === "message" && depth < 3) return plausible(field.message, depth + 1);
  if (field.fieldKind === "list" && field.listKind === "message" && depth < 3) {
    return [plausible(field.message, depth + 1)];
  }
  const value = PLAUSIBLE[field.name];
  const isText = field.fieldKind === "scalar" && field.scalar === ScalarType.STRING;
  if (typeof value === "string" && !isText) return undefined;
  if (typeof value === "number" && isText) return undefined;
  return field.fieldKind === "scalar" || field.fieldKind === "enum" ? value : undefined;
}

/** One that is believed: what stands beside it is then looked at. */
function certificateFor(parent: string): unknown {
  const { reader, terminal, relay } = fixture.keys;
  if (parent.includes("Reader")) return reader.certificate;
  return parent.includes("Terminal") ? terminal.certificate : relay.certificate;
}

/** One request for each hostile value of each field, also of messages within. */
function hostileRequests(desc: DescMessage): readonly Hostile[] {
  return valuesOf(desc, 0).map(({ path, make }) => ({ path, request: make(plausible(desc)) }));
}

interface Change {
  readonly path: string;
  readonly make: (message: Message) => Message;
}

function valuesOf(desc: DescMessage, depth: number): readonly Change[] {
  return desc.fields.flatMap((field): readonly Change[] => {
    const change = (value: unknown, say: string): Change => ({
      path: `${field.name} = ${say}`,
      make: (message) => put(message, field, value),
    });
    const inner = (found: DescMessage, wrap: (one: Message) => unknown) =>
      valuesOf(found, depth + 1).map(({ path, make }) => ({
        path: `${field.name}.${path}`,
        make: (message: Message) => put(message, field, wrap(make(plausible(found, depth + 1)))),
      }));
    if (depth > 3) return [];
    if (field.fieldKind === "scalar") {
      return hostileScalars(field.scalar).map((value) => change(value, shown(value)));
    }
    if (field.fieldKind === "enum") {
      return [-1, 77, 2 ** 31 - 1].map((value) => change(value, shown(value)));
    }
    if (field.fieldKind === "message") return inner(field.message, (one) => one);
    if (field.fieldKind !== "list") return [];
    if (field.listKind === "message") return inner(field.message, (one) => [one]);
    const scalar = field.listKind === "scalar" ? field.scalar : ScalarType.INT32;
    return hostileScalars(scalar).map((value) => change([value], shown(value)));
  });
}

function put(message: Message, field: DescField, value: unknown): Message {
  const holder = message as unknown as Record<string, unknown>;
  if (field.oneof === undefined) holder[field.localName] = value;
  else holder[field.oneof.localName] = { case: field.localName, value };
  return message;
}

function isSet(message: Message, { oneof }: DescField): boolean {
  if (oneof === undefined) return false;
  const holder = message as unknown as Record<string, { readonly case?: string }>;
  return holder[oneof.localName]?.case !== undefined;
}

function shown(value: unknown): string {
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  return JSON.stringify(value).slice(0, 40);
}

let fixture: MeshFixture;
beforeAll(async () => {
  fixture = await startTestMesh();
});
afterAll(async () => await fixture?.[Symbol.asyncDispose]());

test.each(METHODS)(
  "$name: no value is a fault of the server",
  async ({ program, service, method }) => {
    const target = fixture.mesh.addresses[program as ProgramName];
    using channel = dial({ targets: [target], services: [service], clock: systemClock });
    const client = channel.client(service);
    const wrong: string[] = [];
    for (const { path, request } of hostileRequests(method.input)) {
      const error = await errorOf(client, method, request);
      const meant = error && paymentErrorFrom(error);
      if (error === undefined) continue;
      if (meant === undefined || meant.code === "INTERNAL") wrong.push(`${path}: ${error.message}`);
      if (meant?.code === "MALFORMED_REQUEST" && meant.field === undefined) {
        wrong.push(`${path}: without a field: ${error.message}`);
      }
    }
    expect(wrong).toEqual([]);
  },
);

/** @returns undefined when it was answered. */
async function errorOf(
  client: Client<DescService>,
  method: DescMethod,
  request: Message,
): Promise<ConnectError | undefined> {
  const call = client[method.localName] as unknown as (
    request: Message,
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ) => Promise<unknown> & AsyncIterable<unknown>;
  try {
    if (method.methodKind === "unary") await call(request, {});
    else for await (const _ of call(request, { timeoutMs: 300 })) break;
    return undefined;
  } catch (error) {
    const refusal = ConnectError.from(error);
    // A stream that has nothing to say yet, or not so fast, refuses nothing.
    const isQuiet = method.methodKind !== "unary" && refusal.code === Code.DeadlineExceeded;
    return isQuiet ? undefined : refusal;
  }
}
