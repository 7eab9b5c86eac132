import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  DeviceState,
  RelayRegistryService,
  RelayService,
  SetReaderStateRequestSchema,
} from "../gen/cardlane/relay/v1/relay_pb.ts";
import { CALLER } from "../mesh/identity/caller.ts";
import { silentLog } from "../mesh/log.ts";
import { service } from "../mesh/service.ts";
import { ManualClock } from "../mesh/testing/manual-clock.ts";
import { PaymentError } from "../payment/errors.ts";
import { ACT_KINDS, type ActKind } from "./acts.ts";
import type { AuditDetails } from "./audit-entry.ts";
import { audited } from "./audited-services.ts";
import { OperatorAudit } from "./operator-audit.ts";

const ADA = "spiffe://cardlane.dev/operator/ada";
const BEN = "spiffe://cardlane.dev/operator/ben";
const TILL = "spiffe://cardlane.dev/terminal/CORNERCOFFEE001/TILL0001";

/** A log in memory; `isLost` is a database that is away. */
class MemoryLog {
  readonly entries: AuditDetails[] = [];
  isLost = false;

  async append(details: AuditDetails) {
    if (this.isLost) throw new PaymentError("STORE_NOT_REACHED", "the database is away");
    const isTaken = this.entries.some(({ ofSequence }) => ofSequence === details.ofSequence);
    if (details.ofSequence !== 0n && isTaken) return undefined;
    this.entries.push(details);
    return { sequence: BigInt(this.entries.length), hash: new Uint8Array(32) };
  }

  async openProposal(asked: { requestDigest: Uint8Array; method: string; sinceMs: number }) {
    const place = this.entries.findLastIndex(
      (entry, index) =>
        entry.step === "PROPOSED" &&
        entry.method === asked.method &&
        Buffer.compare(entry.requestDigest, asked.requestDigest) === 0 &&
        entry.atMs >= asked.sinceMs &&
        !this.entries.some(({ ofSequence }) => ofSequence === BigInt(index + 1)),
    );
    const actor = this.entries[place]?.actor;
    return actor === undefined ? undefined : { sequence: BigInt(place + 1), actor };
  }
}

type Request = MessageInitShape<typeof SetReaderStateRequestSchema>;
type Method = (request: unknown, context: HandlerContext) => Promise<unknown>;

class Desk {
  readonly log = new MemoryLog();
  readonly clock = new ManualClock();
  readonly done: string[] = [];
  refuses = false;
  readonly #methods: Record<string, Method>;
  readonly #relay: Record<string, Method>;

  constructor(fourEyes?: readonly ActKind[]) {
    const registry = service(RelayRegistryService, {
      setReaderState: async ({ serial }) => {
        if (this.refuses) throw new PaymentError("READER_UNKNOWN", "no such reader");
        this.done.push(serial);
        return {};
      },
      listReaders: async () => ({ readers: [] }),
      registerReaders: async () => ({}),
    });
    const relay = service(RelayService, { cancelPayment: async () => ({}) });
    const { log, clock } = this;
    const options = { entries: log, program: "relay", fourEyes, clock, log: silentLog };
    const [one, other] = audited([registry, relay], new OperatorAudit(options));
    this.#methods = one?.methods as Record<string, Method>;
    this.#relay = other?.methods as Record<string, Method>;
  }

  suspend(identity: string | undefined, request: Request = {}): Promise<unknown> {
    const given = { serial: "SIM-0001", state: DeviceState.SUSPENDED, ...request };
    const message = create(SetReaderStateRequestSchema, given as Request);
    return this.call("setReaderState", identity, message);
  }

  async call(name: string, identity: string | undefined, request: unknown = {}): Promise<unknown> {
    const peer = { identity, address: "127.0.0.1:40001", headers: new Headers() };
    const values = createContextValues().set(CALLER, peer);
    const method = this.#methods[name] ?? this.#relay[name];
    return await method?.(request, { values } as HandlerContext);
  }

  get steps(): readonly string[] {
    return this.log.entries.map(({ actor, step, outcome, ofSequence }) =>
      [actor.split("/").at(-1), step, outcome, ofSequence].filter(Boolean).join(" "),
    );
  }
}

test("an act stands in the log before it is done, and how it ended after it", async () => {
  const desk = new Desk();
  await desk.suspend(ADA);
  expect(desk.log.entries).toMatchObject([
    {
      program: "relay",
      actor: ADA,
      address: "127.0.0.1:40001",
      method: "cardlane.relay.v1.RelayRegistryService/SetReaderState",
      subject: "serial=SIM-0001 state=SUSPENDED",
      step: "BEGUN",
    },
    { step: "DONE", ofSequence: 1n, outcome: "" },
  ]);
  desk.refuses = true;
  await expect(desk.suspend(BEN)).rejects.toMatchObject({ code: "READER_UNKNOWN" });
  expect(desk.steps.slice(2)).toEqual(["ben BEGUN", "ben REFUSED READER_UNKNOWN 3"]);
});

test("what cannot be written down is not done", async () => {
  const desk = new Desk();
  desk.log.isLost = true;
  await expect(desk.suspend(ADA)).rejects.toMatchObject({ code: "STORE_NOT_REACHED" });
  expect(desk.done).toEqual([]);
});

test.each([
  { name: "a question", method: "listReaders", identity: ADA, entries: 0 },
  { name: "a trial", method: "registerReaders", identity: ADA, entries: 0, validateOnly: true },
  { name: "a registration", method: "registerReaders", identity: ADA, entries: 2 },
  { name: "an operator's cancel", method: "cancelPayment", identity: ADA, entries: 2 },
  { name: "a till's cancel", method: "cancelPayment", identity: TILL, entries: 0 },
  { name: "a cancel in plaintext", method: "cancelPayment", identity: undefined, entries: 0 },
  {
    name: "a registration in plaintext",
    method: "registerReaders",
    identity: undefined,
    entries: 2,
  },
])("$name makes $entries entries", async ({ method, identity, entries, validateOnly = false }) => {
  const desk = new Desk();
  const schema =
    method === "cancelPayment"
      ? RelayService.method.cancelPayment.input
      : RelayRegistryService.method.registerReaders.input;
  await desk.call(method, identity, { ...create(schema), validateOnly });
  expect(desk.log.entries).toHaveLength(entries);
});

test("two operators: nothing is done until another one asks for exactly the same", async () => {
  const desk = new Desk(ACT_KINDS);
  const needs = { code: "NEEDS_SECOND_OPERATOR" };
  await expect(desk.suspend(ADA)).rejects.toMatchObject({
    ...needs,
    message: expect.stringContaining("proposal 1"),
  });
  await expect(desk.suspend(ADA)).rejects.toMatchObject(needs);
  await expect(desk.suspend(BEN, { serial: "SIM-0002" })).rejects.toMatchObject(needs);
  await expect(desk.suspend(BEN, { state: DeviceState.RETIRED })).rejects.toMatchObject(needs);
  expect(desk.done).toEqual([]);
  await desk.suspend(BEN);
  expect(desk.done).toEqual(["SIM-0001"]);
  expect(desk.steps).toEqual([
    "ada PROPOSED",
    "ben PROPOSED",
    "ben PROPOSED",
    "ben BEGUN 1",
    "ben DONE 4",
  ]);
  // It is used up.
  await expect(desk.suspend(BEN)).rejects.toMatchObject(needs);
});

test("two operators: a proposal counts for an hour", async () => {
  const desk = new Desk(["devices"]);
  await expect(desk.suspend(ADA)).rejects.toMatchObject({ code: "NEEDS_SECOND_OPERATOR" });
  await desk.clock.advance(3_600_001);
  await expect(desk.suspend(BEN)).rejects.toMatchObject({ code: "NEEDS_SECOND_OPERATOR" });
  await desk.clock.advance(3_599_000);
  await desk.suspend(ADA);
  expect(desk.done).toEqual(["SIM-0001"]);
});

test("two operators: of two seconds at once one does it", async () => {
  const desk = new Desk(["devices"]);
  await expect(desk.suspend(ADA)).rejects.toThrow();
  const ends = await Promise.allSettled([desk.suspend(BEN), desk.suspend(BEN)]);
  expect(ends.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(desk.done).toEqual(["SIM-0001"]);
});

test("two operators: kinds that are not named need one", async () => {
  const desk = new Desk(["webhooks", "cards"]);
  await desk.suspend(ADA);
  expect(desk.done).toEqual(["SIM-0001"]);
});
