import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import pg from "pg";
import { expect, test } from "vitest";
import { LinkProxy } from "../../chaos/proxy.ts";
import { PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { createLog } from "../../mesh/log.ts";
import { ManualClock } from "../../mesh/testing/manual-clock.ts";
import { eventually, NotificationBed } from "../../test/fixtures/notification-bed.ts";
import { freshDatabase } from "../../test/setup/database.ts";
import { ALIVE, FREE_JOBS_OF_THE_DEAD, JobRunner } from "./job-runner.ts";

const { APPROVED } = PaymentState;
const HOLDERS = "SELECT locked_by FROM graphile_worker.jobs WHERE locked_by IS NOT NULL";
/** Of mail, SMS and webhooks; each shows that it lives. */
const LANES = 3;
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
    return held.length === 1 && alive.length === LANES ? undefined : { held, alive };
  });
  const free = async () => {
    await bed.bed.query(FREE_JOBS_OF_THE_DEAD, [HOUR_MS, 0, ALIVE]);
    return (await bed.bed.query(HOLDERS)).length;
  };
  expect(await free()).toBe(1);
  await bed.bed.query("UPDATE graphile_worker._private_jobs SET locked_by = 'pool-of-the-dead'");
  expect(await free()).toBe(0);
});

test("no SMS waits behind mails that a server does not answer", async () => {
  await using bed = await NotificationBed.start();
  await using silence = await startSilence();
  const moreThanRunAtOnce = 10;
  for (let count = 0; count < moreThanRunAtOnce; count += 1) await bed.pay(APPROVED);
  bed.startSending({ mailServer: silence.mailServer });
  await eventually(async () => {
    const states = (await bed.states()).map(([state]) => state);
    const sent = states.filter((state) => state !== "QUEUED");
    return sent.length === moreThanRunAtOnce ? undefined : states;
  });
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
    return others.length === LANES ? undefined : others;
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

test("a sign of life that breaks while the queue is being opened is taken anew", async () => {
  await using bed = await NotificationBed.start({ phone: "" });
  await using first = bed.startSending();
  await bed.pay(APPROVED);
  await bed.statesAre(["SENT"]);
  await first[Symbol.asyncDispose]();
  const locker = new pg.Client({ connectionString: bed.bed.databaseUrl });
  await locker.connect();
  await locker.query("BEGIN; LOCK graphile_worker.migrations IN ACCESS EXCLUSIVE MODE");
  bed.startSending();
  await eventually(async () => {
    const waiting = await bed.bed.query(`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return waiting.length > 0 ? undefined : "opened";
  });
  const ended = await bed.bed.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query = '' AND backend_type = 'client backend'`);
  expect(ended).toHaveLength(1);
  await locker.query("COMMIT");
  await locker.end();
  await eventually(async () => {
    const alive = await bed.bed.query("SELECT 1 FROM pg_locks WHERE classid = $1", [ALIVE]);
    return alive.length === LANES ? undefined : alive;
  });
});

test("an outage of the database is told once, and so is its end", async () => {
  await using database = await freshDatabase("relay");
  const url = new URL(database.url);
  await using link = await LinkProxy.open(url.host);
  url.host = link.address;
  const clock = new ManualClock();
  const told: string[] = [];
  const destination = { write: (line: string) => void told.push(JSON.parse(line).message) };
  const log = createLog({ program: "relay", instance: "relay-A1" }, clock, "info", destination);
  /** Whatever is tried again is tried once. */
  const tryAgain = async () => {
    await eventually(() => (clock.pendingCount === 2 ? undefined : clock.pendingCount));
    await clock.advance(10_000);
  };
  link.cut();
  const lanes = [{ tasks: {}, jobsAtOnce: 1 }];
  await using _runner = new JobRunner(url.href, lanes, { clock, log });
  for (let attempt = 0; attempt < 3; attempt += 1) await tryAgain();
  await eventually(() => (clock.pendingCount === 2 ? undefined : clock.pendingCount));
  const begun = ["jobs of the dead cannot be freed", "the job queue cannot be worked"];
  const ended = ["jobs of the dead are freed again", "the job queue is worked again"];
  expect(told.splice(0).sort()).toEqual(begun);
  link.heal();
  await clock.advance(10_000);
  await eventually(() => (told.length === 2 ? undefined : told));
  expect(told.splice(0).sort()).toEqual(ended);
  link.cut();
  await tryAgain();
  await tryAgain();
  await eventually(() => (told.length === 2 ? undefined : told));
  expect(told.splice(0).sort()).toEqual(begun);
});
