import pg from "pg";
import { expect, test } from "vitest";
import { Certainty, NextStep, PaymentState } from "../gen/cardlane/payment/v1/payment_pb.ts";
import { HealthCheckResponse_ServingStatus as ServingStatus } from "../gen/health/v1/health_pb.ts";
import { APPROVE } from "../test/fixtures/fake-processor.ts";
import { TestBed } from "../test/fixtures/relay-bed.ts";

const { APPROVED } = PaymentState;

/** Cuts everybody else off from the bed's database, and lets them in again. */
class DatabaseSwitch implements AsyncDisposable {
  readonly #client: pg.Client;
  readonly #database: string;

  private constructor(client: pg.Client, database: string) {
    this.#client = client;
    this.#database = database;
  }

  static async open(bed: TestBed): Promise<DatabaseSwitch> {
    // A database cannot be closed from within.
    const url = new URL(bed.databaseUrl);
    const database = url.pathname.slice(1);
    url.pathname = "/postgres";
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    return new DatabaseSwitch(client, database);
  }

  async off(): Promise<void> {
    await this.#allow(false);
    await this.#client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
      [this.#database],
    );
  }

  async on(): Promise<void> {
    await this.#allow(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }

  async #allow(isAllowed: boolean): Promise<void> {
    const name = this.#client.escapeIdentifier(this.#database);
    await this.#client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${isAllowed}`);
  }
}

test("without its database the relay records nothing, says so, and goes on later", async () => {
  await using bed = await TestBed.start();
  const relay = await bed.startRelay();
  await bed.register(relay);
  await using database = await DatabaseSwitch.open(bed);
  const terminal = relay.openTerminal();
  const first = bed.signer.sign();
  terminal.submit(first.signed);
  await terminal.completedAs(first.paymentId, APPROVED);

  await database.off();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  const { fault } = await terminal.refusedOf(paymentId);
  expect(fault).toMatchObject({
    code: "STORE_NOT_REACHED",
    certainty: Certainty.UNKNOWN,
    nextStep: NextStep.RETRY_SAME_ID,
    message: "the relay's database could not be reached",
  });
  await relay.healthIs(ServingStatus.NOT_SERVING);

  await database.on();
  await relay.healthIs(ServingStatus.SERVING);
  terminal.submit(signed);
  await terminal.completedAs(paymentId, APPROVED);
});

test("an outcome that comes while the database is away is committed when it is back", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  await using database = await DatabaseSwitch.open(bed);
  const terminal = relay.openTerminal();
  const { signed, paymentId } = bed.signer.sign();
  terminal.submit(signed);
  await terminal.recordedOf(paymentId);
  await bed.processor.until(() => bed.processor.authorizations.length === 1);
  await database.off();
  bed.processor.answerLast(APPROVE);
  await relay.healthIs(ServingStatus.NOT_SERVING);
  expect(terminal.completed).toEqual([]);
  expect(bed.processor.acknowledgements).toEqual([]);
  await database.on();
  await terminal.completedAs(paymentId, APPROVED);
});

test("a relay serves only while it reaches a processor", async () => {
  await using bed = await TestBed.start();
  const { address } = bed.processor;
  await bed.processor[Symbol.asyncDispose]();
  const relay = await bed.startRelay();
  await relay.healthIs(ServingStatus.NOT_SERVING);
  await bed.processor.start(address);
  await relay.healthIs(ServingStatus.SERVING);
  await bed.processor[Symbol.asyncDispose]();
  await relay.healthIs(ServingStatus.NOT_SERVING);
});

test("more payments than may wait for the processor are refused before recording", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay({ flightsMax: 1 });
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const [first, second] = [bed.signer.sign(), bed.signer.sign()];
  terminal.submit(first.signed);
  await terminal.recordedOf(first.paymentId);
  terminal.submit(second.signed);
  const { fault } = await terminal.refusedOf(second.paymentId);
  expect(fault).toMatchObject({
    code: "OVERLOADED",
    message: "too many payments wait for the processor",
  });
});

test("more payments than may be open on one stream are refused", async () => {
  await using bed = await TestBed.start();
  bed.processor.decide = () => "silence";
  const relay = await bed.startRelay();
  await bed.register(relay);
  const terminal = relay.openTerminal();
  const { signed } = bed.signer.sign();
  for (let copy = 1; copy <= 257; copy += 1) terminal.submit(signed);
  await terminal.until(() => terminal.refused.length === 1);
  expect(terminal.refused[0]?.fault).toMatchObject({
    code: "OVERLOADED",
    message: "at most 256 payments may be open on one stream",
  });
});
