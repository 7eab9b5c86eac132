import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../../../mesh/clock.ts";
import { COMMANDS, encodePdu, STATUS } from "./pdu.ts";
import { SmppSession } from "./smpp-session.ts";

const FLOOD_BYTES = 67_108_864;
/** More than the buffers of a connection on this machine hold. */
const TAKEN_BYTES_MAX = 33_554_432;
const LOOK = { interval: 200 };
/** So many looks with nothing taken in between: it is not read any more. */
const STILL_LOOKS = 10;
const PATIENCE_MS = 60_000;
const DELIVERIES = 3_000;

test("a centre that reads no answers is not read any more", async () => {
  await using centre = await Centre.listen();
  const { session, socket } = await centre.bound();
  socket.pause();
  const enquiries = flood(COMMANDS.enquireLink, Buffer.alloc(0), 4_096);
  let taken = 0;
  // One after the other: of writes that wait together nothing is told until the last is done.
  const say = () => {
    taken += enquiries.byteLength;
    if (taken < FLOOD_BYTES) socket.write(enquiries, say);
  };
  socket.write(enquiries, say);
  const looks: number[] = [];
  const isOver = () => {
    looks.push(taken);
    return (
      taken >= FLOOD_BYTES ||
      looks.slice(-STILL_LOOKS).filter((one) => one === taken).length === STILL_LOOKS
    );
  };
  await expect.poll(isOver, LOOK).toBe(true);
  session.close();
  expect(taken).toBeLessThan(TAKEN_BYTES_MAX);
});

test("what is being kept has a bound, and in the end all of it is kept", async () => {
  const keeping: PromiseWithResolvers<void>[] = [];
  let kept = 0;
  await using centre = await Centre.listen();
  const { session, socket } = await centre.bound(async () => {
    const one = Promise.withResolvers<void>();
    keeping.push(one);
    await one.promise;
    kept += 1;
  });
  socket.resume();
  const body = Buffer.concat([Buffer.from([0, 1, 1]), Buffer.from("37120000000\0"), REST]);
  const all = flood(COMMANDS.deliverSm, body, DELIVERIES);
  const perSegment = all.byteLength / DELIVERIES;
  // One in each segment: what comes in one is taken whole.
  const say = async () => {
    for (let at = 0; at < all.byteLength; at += perSegment) {
      socket.write(all.subarray(at, at + perSegment));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const said = say();
  let most = 0;
  const keepSome = () => {
    most = Math.max(most, keeping.length);
    for (const one of keeping.splice(0, 4)) one.resolve();
    return kept;
  };
  await expect.poll(keepSome, { interval: 1 }).toBe(DELIVERIES);
  await said;
  session.close();
  expect(most).toBeLessThan(DELIVERIES / 2);
});

/** After the addresses of deliver_sm: destination, flags, and no text. */
const REST = Buffer.concat([Buffer.from([1, 1]), Buffer.from("shop\0"), Buffer.alloc(12)]);

function flood(command: number, body: Buffer, count: number): Buffer {
  const pdus = Array.from({ length: count }, (_, index) => pdu(command, index + 1, body));
  return Buffer.concat(pdus);
}

function pdu(command: number, sequence: number, body: Buffer): Buffer {
  return encodePdu({ command, status: STATUS.ok, sequence, body });
}

/** An SMS centre that takes whoever binds, and says nothing more by itself. */
class Centre implements AsyncDisposable {
  readonly #server = createServer((socket) => {
    this.#sockets.push(socket);
    socket.on("error", () => socket.destroy());
    socket.once("data", (bind: Buffer) => {
      const sequence = bind.readUInt32BE(12);
      socket.write(pdu(COMMANDS.bindTransceiverResp, sequence, Buffer.from([0])));
    });
  });
  readonly #sockets: Socket[] = [];

  static async listen(): Promise<Centre> {
    const centre = new Centre();
    centre.#server.listen(0, "127.0.0.1");
    await once(centre.#server, "listening");
    return centre;
  }

  /** A session with it, and its own side of the connection. */
  async bound(onDelivered: () => Promise<void> = async () => undefined) {
    const { port } = this.#server.address() as AddressInfo;
    const credentials = { systemId: "cardlane", password: "secret" };
    const address = { host: "127.0.0.1", port, isTls: false, ...credentials };
    const patience = { answerMsMax: PATIENCE_MS, enquiryMs: PATIENCE_MS };
    const session = await SmppSession.open(address, onDelivered, patience, systemClock);
    const socket = this.#sockets.at(-1);
    if (socket === undefined) throw new Error("bug: bound without a connection");
    return { session, socket };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
