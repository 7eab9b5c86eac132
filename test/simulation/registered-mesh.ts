import { DeviceState } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { paymentIdToBytes } from "../../payment/identifiers.ts";
import { TestKeys } from "../fixtures/keys.ts";
import { PaymentSigner, type PaymentWishes } from "../fixtures/reader-payment.ts";
import type { Lane, MeshBasis, RogueSubmission } from "./mesh-basis.ts";
import { limitCards } from "./people/cards.ts";
import { PIN_SERVICE, PROCESSORS, RELAY_ELSEWHERE, RELAYS } from "./program-names.ts";
import { SimulatedMesh } from "./simulated-mesh.ts";
import { answerUnary } from "./world/calls.ts";
import { SqlEngine } from "./world/sql-engine.ts";
import { Timeline } from "./world/timeline.ts";
import { World } from "./world/world.ts";

const CURRENCIES = [978];

/** Two days before, so that they are valid too by a clock that is a day slow. */
const MADE_MS = Timeline.startMs - 2 * 86_400_000;

/** Devices and cards are registered once, and used for as many runs as there are seeds. */
export async function registerMesh(): Promise<MeshBasis & AsyncDisposable> {
  const engine = await SqlEngine.start("relay", "processor");
  const engineElsewhere = await SqlEngine.start("relay");
  const keys = new TestKeys({ nowMs: MADE_MS, seed: "simulation" });
  const { merchantId } = keys.terminal;
  const lanes = [
    { terminal: keys.terminal, reader: keys.reader },
    {
      terminal: keys.anotherTerminal("TILL0002", merchantId),
      reader: keys.anotherReader("SIM-0002"),
    },
  ];
  const rogue = {
    terminal: keys.anotherTerminal("TILL0666", merchantId),
    reader: keys.anotherReader("SIM-0666"),
  };
  const parts = {
    engine,
    engineElsewhere,
    keys,
    relayElsewhere: keys.anotherRelay(RELAY_ELSEWHERE),
    lanes,
    rogue,
    rogueSubmissions: signRoguePayments(keys, rogue),
  };
  await register({ ...parts, hasTestCards: true });
  await limitCards(engine);
  await engine.query({
    text: ADD_CONTACT,
    values: [keys.terminal.merchantId, keys.terminal.terminalId],
  });
  return {
    ...parts,
    hasTestCards: false,
    async [Symbol.asyncDispose]() {
      keys[Symbol.dispose]();
      await engineElsewhere[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

/** Somebody hears of the first till's payments; nobody of the others'. */
const ADD_CONTACT = `
  INSERT INTO contact (merchant_id, terminal_id, phone, email, language, time_zone)
  VALUES ($1, $2, '', 'owner@example.com', 'en', 'UTC')`;

/**
 * One id with two contents, one counter for two ids, one payment submitted at two relays of one
 * database, and two at relays that know nothing of each other.
 */
function signRoguePayments(keys: TestKeys, rogue: Lane): readonly RogueSubmission[] {
  const { reader, terminal } = rogue;
  const signer = new PaymentSigner({ keys, nowMs: () => Timeline.startMs, reader });
  const sign = (totalMinor: bigint, context: PaymentWishes["context"] = {}) =>
    signer.sign({ terminal, totalMinor, context, pin: null });
  const [first = "", second = ""] = RELAYS;
  const one = sign(2_001n);
  const other = sign(2_002n, { paymentId: paymentIdToBytes(one.paymentId) });
  const counted = sign(2_003n, { counter: 50n });
  const countedAgain = sign(2_004n, { counter: 50n });
  const twice = sign(2_005n);
  const [everywhere, anywhere] = [sign(2_006n), sign(2_007n)];
  return [
    { signed: one, relay: first },
    { signed: other, relay: second },
    { signed: other, relay: first },
    { signed: counted, relay: first },
    { signed: countedAgain, relay: second },
    { signed: twice, relay: first },
    { signed: twice, relay: second },
    { signed: everywhere, relay: first },
    { signed: everywhere, relay: RELAY_ELSEWHERE },
    { signed: anywhere, relay: RELAY_ELSEWHERE },
    { signed: anywhere, relay: second },
  ];
}

async function register(basis: MeshBasis): Promise<void> {
  const world = new World(0);
  world.isFaulty = false;
  const mesh = new SimulatedMesh(world, basis, {
    faultPlan: { seed: 0, rules: [] },
    witness: () => undefined,
  });
  const [relay = "", processor = ""] = [RELAYS[0], PROCESSORS[0]];
  const names = [PIN_SERVICE, processor, relay, RELAY_ELSEWHERE];
  for (const name of names) mesh.start(name);
  await until(world, () => names.every((name) => mesh.find(name) !== undefined));
  const calls = registrations(basis).flatMap(({ method, request, at }) =>
    at.map((name) => ask(mesh, name, method, request)),
  );
  let isDone = false;
  const all = Promise.all(calls).finally(() => {
    isDone = true;
  });
  await until(world, () => isDone);
  await all;
  for (const name of names) mesh.host(name).crash("registered");
}

function registrations({ keys, relayElsewhere, lanes, rogue }: MeshBasis) {
  const [relay = "", processor = ""] = [RELAYS[0], PROCESSORS[0]];
  const everywhere = [processor, relay, RELAY_ELSEWHERE];
  const state = DeviceState.ACTIVE;
  const all = [...lanes, rogue];
  const relays = [keys.relay, relayElsewhere].map(({ certificate }) => ({ certificate, state }));
  const terminals = all.map(({ terminal: { certificate } }) => {
    return { certificate, state, currencies: CURRENCIES, simulateByAmount: false };
  });
  const readers = all.map(({ reader: { certificate }, terminal: { merchantId } }) => {
    return { certificate, merchantId, state };
  });
  return [
    { method: "registerRelays", request: { relays }, at: [processor] },
    { method: "registerTerminals", request: { terminals }, at: everywhere },
    { method: "registerReaders", request: { readers }, at: everywhere },
  ];
}

async function ask(
  mesh: SimulatedMesh,
  name: string,
  method: string,
  request: object,
): Promise<object> {
  return await answerUnary(mesh.find(name)?.services ?? [], method, request);
}

async function until(world: World, isOver: () => boolean): Promise<void> {
  if (!(await world.timeline.run(world.timeline.elapsedMs + 60_000, isOver))) {
    throw new Error("bug: the mesh could not be registered");
  }
}
