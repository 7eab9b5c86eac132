import { expect, test } from "vitest";
import {
  receiptsInWords,
  type Shares,
  unfairReceipts,
  unfairWatches,
  type Wait,
  watchesInWords,
} from "./share-verdict.ts";
import type { AcceptedReceipt, SpoilsSent } from "./spoils.ts";

const QUIET: Wait = { turn: "calm", what: "a receipt", tookMs: 50, refused: undefined };
const SERVED: Wait = { turn: "attack", what: "a receipt", tookMs: 80, refused: undefined };
const REFUSED = { OK: 5, RESOURCE_EXHAUSTED: 900 };

/** So many receipts of one payment each, to mailboxes. */
function mails(count: number, of = (index: number) => `P${index}`): AcceptedReceipt[] {
  return Array.from({ length: count }, (_, index) => {
    return { recordNumber: of(index), address: `guest-${index}@shop.example`, isCostly: false };
  });
}

function phones(count: number, prefix: string): AcceptedReceipt[] {
  return Array.from({ length: count }, (_, index) => ({
    recordNumber: `P${index}`,
    address: `${prefix}${String(index).padStart(4, "0")}`,
    isCostly: false,
  }));
}

function spoils(changed: Partial<SpoilsSent> = {}): SpoilsSent {
  const five = mails(5, () => "P1");
  return { answers: REFUSED, receipts: five, costlyAsked: 300, watches: 4, ...changed };
}

function shares(changed: Partial<SpoilsSent> = {}, others: readonly Wait[] = [QUIET, SERVED]) {
  return { spoils: [spoils(changed)], others } satisfies Shares;
}

test.each([
  { name: "five of one payment", receipts: mails(5, () => "P1") },
  { name: "the same five once more", receipts: [1, 2].flatMap(() => mails(5, () => "P1")) },
  { name: "500 of a terminal", receipts: mails(500) },
])("receipts are within the shares: $name", ({ receipts }) => {
  expect(unfairReceipts(shares({ receipts }))).toEqual([]);
});

test.each([
  {
    name: "six of one payment, over two rounds",
    all: { spoils: [spoils(), spoils({ receipts: mails(6, () => "P1").slice(5) })] },
    says: ["6 receipts of one payment, share 5"],
  },
  {
    name: "501 of one terminal",
    all: shares({ receipts: mails(501) }),
    says: ["501 receipts of one terminal, share 500"],
  },
  {
    name: "over a thousand to one country",
    all: shares({ receipts: phones(1_001, "+1202555") }),
    says: [
      "1001 receipts of one terminal, share 500",
      "1001 receipts of one merchant and country, share 1000",
    ],
  },
  {
    name: "5,001 of one merchant",
    all: shares({ receipts: mails(5_001) }),
    says: ["5001 receipts of one terminal, share 500", "5001 receipts of one merchant, share 5000"],
  },
  {
    name: "a premium number",
    all: shares({ receipts: [{ recordNumber: "P1", address: "+37190012345", isCostly: true }] }),
    says: ["1 to costly numbers: +37190012345"],
  },
  {
    name: "no costly number that was asked for",
    all: shares({ costlyAsked: 0 }),
    says: ["no costly number was asked for"],
  },
  {
    name: "an attacker that got nothing",
    all: shares({ receipts: [] }),
    says: ["no receipt was accepted: nothing was measured"],
  },
  {
    name: "an attacker that was never refused",
    all: shares({ answers: { OK: 5 } }),
    says: ["no receipt was refused: nothing was measured"],
  },
])("receipts beyond the shares: $name", ({ all, says }) => {
  expect(unfairReceipts({ others: [SERVED], ...all })).toEqual(says);
});

test("four watches, and a refusal for the fifth, are within the share", () => {
  expect(unfairWatches(shares())).toEqual([]);
});

test.each([
  { name: "five", changed: { watches: 5 }, says: "5 watches of one identity, share 4" },
  { name: "none", changed: { watches: 0 }, says: "no watch was open: nothing was measured" },
  {
    name: "no refusal",
    changed: { answers: {} },
    says: "no watch was refused: nothing was measured",
  },
])("watches that are not as they should be: $name", ({ changed, says }) => {
  expect(unfairWatches(shares(changed))).toEqual([says]);
});

test.each([
  { name: "two seconds", others: [QUIET, { ...SERVED, tookMs: 2_000 }] },
  {
    name: "twice the calm of a slow machine",
    others: [
      { ...QUIET, tookMs: 3_000 },
      { ...SERVED, tookMs: 6_000 },
    ],
  },
  { name: "a refusal without the attack", others: [{ ...QUIET, refused: "OVERLOADED" }, SERVED] },
])("others get theirs: $name", ({ others }) => {
  expect(unfairWatches(shares({}, others))).toEqual([]);
  expect(unfairReceipts(shares({}, others))).toEqual([]);
});

test.each([
  {
    name: "a refusal",
    others: [QUIET, { ...SERVED, refused: "OVERLOADED" }],
    says: "a receipt: OVERLOADED",
  },
  {
    name: "too late",
    others: [QUIET, { ...SERVED, tookMs: 2_001 }],
    says: "a receipt took 2001 ms, bound 2000 ms",
  },
  {
    name: "over twice the calm",
    others: [
      { ...QUIET, tookMs: 1_500 },
      { ...SERVED, tookMs: 3_100 },
    ],
    says: "a receipt took 3100 ms, bound 3000 ms",
  },
  {
    name: "another thing that was slow in the calm excuses nothing",
    others: [
      { ...QUIET, what: "a watch", tookMs: 9_000 },
      { ...SERVED, tookMs: 3_000 },
    ],
    says: "a receipt took 3000 ms, bound 2000 ms",
  },
  {
    name: "nobody asked under attack",
    others: [QUIET],
    says: "nobody else asked: nothing was measured",
  },
])("others do not get theirs: $name", ({ others, says }) => {
  expect(unfairWatches(shares({}, others))).toEqual([says]);
  expect(unfairReceipts(shares({}, others))).toEqual([says]);
});

test("people read what was asked for and what came", () => {
  const waits = "a receipt: 1 of 1 came, in 80 ms at most, 50 calm";
  expect(receiptsInWords(shares())).toBe(
    "5 receipts of 1 payments; 0 of 300 costly numbers; " +
      `answers: 5 OK, 900 RESOURCE_EXHAUSTED; ${waits}`,
  );
  expect(watchesInWords(shares())).toBe(
    `4 watches open at most; answers: 5 OK, 900 RESOURCE_EXHAUSTED; ${waits}`,
  );
});
