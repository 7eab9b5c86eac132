import { expect, test } from "vitest";
import { silentLog } from "../../mesh/log.ts";
import { type MemoryFiles, memoryFiles } from "../../mesh/testing/memory-files.ts";
import { newPaymentId } from "../../payment/identifiers.ts";
import { seededRandom } from "../../sealing/testing/seeded-random.ts";
import type { Attempt, NewVerdict } from "./pin-store.ts";
import { TryJournal } from "./try-journal.ts";

const random = seededRandom("try journal");

function attemptOf(cardToken = random.bytes(32)): Attempt {
  return {
    ksn: random.bytes(12),
    digest: random.bytes(64),
    paymentId: newPaymentId(1_767_225_600_000, random.bytes(10)),
    cardToken,
    pinReference: random.bytes(32),
  };
}

const wrong = (triesLeft: number, isRepeated = false): NewVerdict => {
  return { verdict: "WRONG", triesLeft, isRepeated };
};
const right = (isRepeated = false): NewVerdict => {
  return { verdict: "VERIFIED", triesLeft: 3, isRepeated };
};

/** What the next start of the service finds. */
async function restarted(files: MemoryFiles): Promise<TryJournal> {
  return await TryJournal.open(files.crash(), silentLog);
}

test("a wrong PIN is on the disk when its verdict may leave, also after a power cut", async () => {
  const files = memoryFiles();
  const journal = await TryJournal.open(files, silentLog);
  const attempt = attemptOf();
  await journal.note([attempt], [wrong(2)]);
  const { ksn, digest, paymentId, cardToken } = attempt;
  const kept = { cardToken, ksn, digest, paymentId, triesLeft: 2 };
  expect(journal.find(cardToken)).toEqual(kept);
  const found = (await restarted(files)).all();
  expect(found.map((one) => ({ ...one, cardToken: Uint8Array.from(one.cardToken) }))).toEqual([
    kept,
  ]);
});

test("right PINs write nothing, the first after a wrong one takes that off the disk", async () => {
  const files = memoryFiles();
  const journal = await TryJournal.open(files, silentLog);
  const attempts = [attemptOf(), attemptOf()];
  await journal.note(attempts, [right(), right()]);
  expect(files.changesBegun).toBe(0);
  const [one = attemptOf()] = attempts;
  await journal.note([one], [wrong(2)]);
  await journal.note([one, one], [right(), right()]);
  expect(files.changesBegun).toBe(2);
  expect((await restarted(files)).all()).toEqual([]);
});

test("of a batch the last verdict of a card counts, written once", async () => {
  const files = memoryFiles();
  const journal = await TryJournal.open(files, silentLog);
  const { cardToken } = attemptOf();
  const attempts = [attemptOf(cardToken), attemptOf(cardToken), attemptOf(cardToken)];
  await journal.note(attempts, [wrong(2), right(), wrong(2)]);
  expect(files.changesBegun).toBe(1);
  expect(journal.find(cardToken)?.ksn).toEqual(attempts[2]?.ksn);
});

test("an old verdict that is repeated gives no try back, and takes none", async () => {
  const journal = await TryJournal.open(memoryFiles(), silentLog);
  const { cardToken } = attemptOf();
  const [first, second] = [attemptOf(cardToken), attemptOf(cardToken)];
  await journal.note([first], [wrong(2)]);
  await journal.note([second], [wrong(1)]);
  await journal.note([first, first], [wrong(2, true), right(true)]);
  expect(journal.find(cardToken)).toMatchObject({ ksn: second.ksn, triesLeft: 1 });
});

test("a verdict whose writing failed does not leave with the next question either", async () => {
  const files = memoryFiles();
  const journal = await TryJournal.open(files, silentLog);
  const attempt = attemptOf();
  files.writesRefused = 2;
  await expect(journal.note([attempt], [wrong(2)])).rejects.toThrow("ENOSPC");
  await expect(journal.note([attempt], [wrong(2, true)])).rejects.toThrow("ENOSPC");
  await journal.note([attempt], [wrong(2, true)]);
  expect((await restarted(files)).all()).toMatchObject([{ triesLeft: 2 }]);
});

test("a file that cannot be read counts as a card without tries", async () => {
  const files = memoryFiles();
  const { cardToken, ...attempt } = attemptOf();
  await (await TryJournal.open(files, silentLog)).note([{ cardToken, ...attempt }], [wrong(2)]);
  const [name = ""] = await files.list("tries-");
  files.damaged.add(name);
  expect((await restarted(files)).find(cardToken)?.triesLeft).toBe(0);
});

test("what an operator unlocks is forgotten", async () => {
  const files = memoryFiles();
  const journal = await TryJournal.open(files, silentLog);
  const attempt = attemptOf();
  await journal.note([attempt], [wrong(0)]);
  await journal.forget(attempt.cardToken);
  await journal.forget(attempt.cardToken);
  expect((await restarted(files)).all()).toEqual([]);
});
