import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PaymentKind, PaymentState } from "../../gen/cardlane/payment/v1/payment_pb.ts";
import { PaymentRecordSchema, RelayService } from "../../gen/cardlane/relay/v1/relay_pb.ts";
import { service } from "../../mesh/service.ts";
import { runAgainst } from "../../test/fixtures/command-mesh.ts";
import { recordedIo } from "../testing/recorded-io.ts";

const REVERSED = create(PaymentRecordSchema, {
  recordNumber: "A17K2M9QX4VJ",
  state: PaymentState.REVERSED,
});

const APPROVED = create(PaymentRecordSchema, {
  recordNumber: "A17K2M9QX4TM",
  state: PaymentState.APPROVED,
  kind: PaymentKind.SALE,
  amounts: { totalMinor: 1250n },
  currency: 978,
  responseCode: "00",
});

/** Positions at which the relay of these tests has something to say of itself. */
const HELD_BACK = 1_000n;
const RESTARTED = 2_000n;
const watchedAfter: bigint[] = [];

const relay = service(RelayService, {
  listPayments: () => ({}),
  async *watchPayments({ afterSequence }, { signal }) {
    watchedAfter.push(afterSequence);
    if (afterSequence === HELD_BACK) {
      yield { sequence: 0n, position: HELD_BACK, heldBackMs: 21_000n };
      yield { sequence: 0n, position: HELD_BACK + 1n, heldBackMs: 31_000n };
      yield { sequence: 0n, position: HELD_BACK + 2n, heldBackMs: 0n };
    }
    // A relay that was restarted has said where a watch goes on, and no more.
    if (afterSequence === RESTARTED) yield { sequence: 0n, position: RESTARTED + 7n };
    if (afterSequence === RESTARTED) throw new ConnectError("stopping", Code.Unavailable);
    yield { sequence: 0n };
    yield { sequence: afterSequence + 1n, payment: REVERSED, state: PaymentState.REVERSED };
    yield { sequence: afterSequence + 2n, payment: APPROVED, state: PaymentState.APPROVED };
    const over = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => over.resolve());
    await over.promise;
  },
});

/** What a watch prints and tells until there are two changes. */
async function watched(...options: readonly string[]) {
  const interruption = new AbortController();
  const recorded = recordedIo({ interrupted: interruption.signal });
  const io = {
    ...recorded,
    print: (line: string) => {
      recorded.print(line);
      if (recorded.printed.length === 2) interruption.abort();
    },
  };
  const words = ["watch", "--after", "41", ...options];
  expect((await runAgainst({ relay: [relay] }, words, io)).exitCode).toBe(0);
  return recorded;
}

test("watch goes on from where a sign of life said", async () => {
  watchedAfter.length = 0;
  const { printed, told } = await watched("--after", String(RESTARTED));
  expect(watchedAfter).toEqual([RESTARTED, RESTARTED + 7n]);
  expect(printed).toEqual([
    expect.stringMatching(/^#2008 /),
    expect.stringMatching(/^#2009 .*approved/),
  ]);
  expect(told.slice(1)).toEqual([
    expect.stringMatching(/^the relay was not reached at 127.*; going on when it is back\.$/),
    "The relay is back; nothing was missed.",
  ]);
});

test("watch says when changes are held back, and when they are not any more", async () => {
  const { told } = await watched("--after", String(HELD_BACK));
  expect(told.slice(1)).toEqual([
    "Changes may be missing: a transaction in the database has not ended for 21 s.",
    "No change is held back any more.",
  ]);
});

test("watch prints a line per change until it is interrupted", async () => {
  expect((await watched()).printed).toEqual([
    expect.stringMatching(/^#42 .* payment +reversed/),
    expect.stringMatching(/^#43 .* sale +12\.50 EUR .*approved/),
  ]);
});

test("watch --json prints an object per change", async () => {
  expect((await watched("--json")).printed.map((line) => JSON.parse(line))).toMatchObject([
    { sequence: "42", payment: { recordNumber: REVERSED.recordNumber } },
    { sequence: "43", payment: { recordNumber: APPROVED.recordNumber } },
  ]);
});
