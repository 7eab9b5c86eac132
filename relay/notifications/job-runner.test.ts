import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { eventually, NotificationBed } from "../../test/fixtures/notification-bed.ts";
import { ALIVE, FREE_JOBS_OF_THE_DEAD } from "./job-runner.ts";

const { APPROVED } = PaymentState;
const HOLDERS = "SELECT locked_by FROM graphile_worker.jobs WHERE locked_by IS NOT NULL";
const HOUR_MS = 3_600_000;

/** Takes connections and says nothing. */
async function startSilence() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket.on("error", () => undefined)));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    mailServer: { host: "127.0.0.1", port, isTls: false, user: undefined, password: undefined },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test("who lives keeps its jobs, however long; who is dead loses them", async () => {
  await using bed = await NotificationBed.start({ phone: "" });
  await using silence = await startSilence();
  bed.startSending({ mailServer: silence.mailServer });
  await bed.pay(APPROVED);
  await eventually(async () => {
    const held = await bed.bed.query(HOLDERS);
    const alive = await bed.bed.query("SELECT 1 FROM pg_locks WHERE classid = $1", [ALIVE]);
    return held.length === 1 && alive.length === 1 ? undefined : { held, alive };
  });
  const free = async () => {
    await bed.bed.query(FREE_JOBS_OF_THE_DEAD, [HOUR_MS, 0, ALIVE]);
    return (await bed.bed.query(HOLDERS)).length;
  };
  expect(await free()).toBe(1);
  await bed.bed.query("UPDATE graphile_worker._private_jobs SET locked_by = 'pool-of-the-dead'");
  expect(await free()).toBe(0);
});

test("the queue is worked again after all connections to the database were lost", async () => {
  await using bed = await NotificationBed.start({ phone: "" });
  bed.startSending();
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT"]);
  await bed.bed.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`);
  await eventually(async () => {
    const others = await bed.bed.query(`SELECT 1 FROM pg_locks WHERE classid = ${ALIVE}`);
    return others.length === 1 ? undefined : others;
  });
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT", "SENT"]);
});

test("a connection that breaks while a job is marked as done ends nothing else", async () => {
  await using bed = await NotificationBed.start({ phone: "" });
  await bed.bed.query(`
    CREATE SEQUENCE deaths;
    CREATE FUNCTION die_once() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('deaths') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN OLD;
      END $$;
    CREATE TRIGGER die_once BEFORE DELETE ON graphile_worker._private_jobs
      FOR EACH ROW EXECUTE FUNCTION die_once()`);
  bed.startSending();
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT"]);
  await eventually(async () => {
    const [died] = await bed.bed.query("SELECT last_value FROM deaths WHERE is_called");
    return died === undefined ? "still to come" : undefined;
  });
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT", "SENT"]);
});
