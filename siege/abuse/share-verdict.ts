import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { RECEIPTS_A_DAY } from "../../relay/notifications/receipt-shares.ts";
import { WATCHES_OF_ONE_MAX } from "../../relay/queries/watch-places.ts";
import type { AcceptedReceipt, SpoilsSent } from "./spoils.ts";

/** Whoever has nothing to do with the attack waits no longer than this for what is his, … */
export const OTHERS_MS_MAX = 2_000;
/** … or this many times what he waits at worst without it, where the machine is that slow. */
const OTHERS_RATIO = 2;

/** Attack and calm take turns. */
export type Turn = "calm" | "attack";

/** What somebody else wanted meanwhile. */
export interface Wait {
  readonly turn: Turn;
  /** "a receipt of another merchant" */
  readonly what: string;
  readonly tookMs: number;
  /** Why it was refused; undefined when it came. */
  readonly refused: string | undefined;
}

export interface Shares {
  /** Of all rounds. */
  readonly spoils: readonly SpoilsSent[];
  readonly others: readonly Wait[];
}

/** @returns each rule that did not hold for receipts of one terminal's payments, in words. */
export function unfairReceipts({ spoils, others }: Shares): readonly string[] {
  const accepted = distinct(spoils.flatMap(({ receipts }) => receipts));
  const unfair = unfairWaits(others);
  if (accepted.length === 0) unfair.push("no receipt was accepted: nothing was measured");
  if (refusalsOf(spoils) === 0) unfair.push("no receipt was refused: nothing was measured");
  if (costlyAskedOf(spoils) === 0) unfair.push("no costly number was asked for");
  const [costly, ...more] = accepted.filter(({ isCostly }) => isCostly);
  if (costly !== undefined) unfair.push(`${more.length + 1} to costly numbers: ${costly.address}`);
  for (const [share, most] of Object.entries(RECEIPTS_A_DAY)) {
    const taken = mostOf(share as keyof typeof RECEIPTS_A_DAY, accepted);
    if (taken > most) unfair.push(`${taken} receipts of one ${share}, share ${most}`);
  }
  return unfair;
}

/** @returns each rule that did not hold for watches of one identity, in words. */
export function unfairWatches({ spoils, others }: Shares): readonly string[] {
  const unfair = unfairWaits(others);
  const most = watchesOf(spoils);
  if (most === 0) unfair.push("no watch was open: nothing was measured");
  if (refusalsOf(spoils) === 0) unfair.push("no watch was refused: nothing was measured");
  if (most > WATCHES_OF_ONE_MAX) {
    unfair.push(`${most} watches of one identity, share ${WATCHES_OF_ONE_MAX}`);
  }
  return unfair;
}

/** "1200 asked, 5 accepted; 300 costly, none accepted; …" */
export function receiptsInWords({ spoils, others }: Shares): string {
  const accepted = distinct(spoils.flatMap(({ receipts }) => receipts));
  const payments = new Set(accepted.map(({ recordNumber }) => recordNumber)).size;
  const costly = accepted.filter(({ isCostly }) => isCostly).length;
  return [
    `${accepted.length} receipts of ${payments} payments`,
    `${costly} of ${costlyAskedOf(spoils)} costly numbers`,
    answersInWords(spoils),
    waitsInWords(others),
  ].join("; ");
}

export function watchesInWords({ spoils, others }: Shares): string {
  const open = `${watchesOf(spoils)} watches open at most`;
  return [open, answersInWords(spoils), waitsInWords(others)].join("; ");
}

function unfairWaits(others: readonly Wait[]): string[] {
  const attacked = others.filter(({ turn }) => turn === "attack");
  if (attacked.length === 0) return ["nobody else asked: nothing was measured"];
  return attacked.flatMap(({ what, tookMs, refused }) => {
    if (refused !== undefined) return [`${what}: ${refused}`];
    const calm = others.filter((one) => one.turn === "calm" && one.what === what);
    const bound = Math.max(OTHERS_MS_MAX, OTHERS_RATIO * longestOf(calm));
    const late = `${what} took ${tookMs.toFixed(0)} ms, bound ${bound.toFixed(0)} ms`;
    return tookMs > bound ? [late] : [];
  });
}

/** Of what came. */
function longestOf(waits: readonly Wait[]): number {
  const came = waits.filter(({ refused }) => refused === undefined);
  return Math.max(0, ...came.map(({ tookMs }) => tookMs));
}

/** The same receipt asked for once more is the same receipt. */
function distinct(all: readonly AcceptedReceipt[]): readonly AcceptedReceipt[] {
  const byName = all.map((one) => [`${one.recordNumber} ${one.address}`, one] as const);
  return [...new Map(byName).values()];
}

/** All are of one terminal, and so of one merchant. */
function mostOf(share: keyof typeof RECEIPTS_A_DAY, accepted: readonly AcceptedReceipt[]): number {
  const counted = {
    payment: ({ recordNumber }: AcceptedReceipt) => recordNumber,
    terminal: () => "",
    merchant: () => "",
    "merchant and country": ({ address }: AcceptedReceipt) =>
      parsePhoneNumberFromString(address)?.countryCallingCode,
  }[share];
  const groups = Map.groupBy(accepted, counted);
  groups.delete(undefined); // A mailbox is in no country.
  return Math.max(0, ...[...groups.values()].map(({ length }) => length));
}

function refusalsOf(spoils: readonly SpoilsSent[]): number {
  return totalOf(spoils, ({ answers }) => answers.RESOURCE_EXHAUSTED ?? 0);
}

function costlyAskedOf(spoils: readonly SpoilsSent[]): number {
  return totalOf(spoils, ({ costlyAsked }) => costlyAsked);
}

function watchesOf(spoils: readonly SpoilsSent[]): number {
  return Math.max(0, ...spoils.map(({ watches }) => watches));
}

function answersInWords(spoils: readonly SpoilsSent[]): string {
  const names = new Set(spoils.flatMap(({ answers }) => Object.keys(answers)));
  const counts = [...names].map((name) => {
    return `${totalOf(spoils, ({ answers }) => answers[name] ?? 0)} ${name}`;
  });
  return `answers: ${counts.join(", ") || "none"}`;
}

/** "a watch of the operator: 3 of 3 came, in 40 ms at most, 20 ms in the calm" */
function waitsInWords(others: readonly Wait[]): string {
  return [...Map.groupBy(others, ({ what }) => what)]
    .map(([what, waits]) => {
      const { attack = [], calm = [] } = Object.groupBy(waits, ({ turn }) => turn);
      const came = attack.filter(({ refused }) => refused === undefined).length;
      const [most, calmMost] = [attack, calm].map((some) => longestOf(some).toFixed(0));
      return `${what}: ${came} of ${attack.length} came, in ${most} ms at most, ${calmMost} calm`;
    })
    .join("; ");
}

function totalOf(spoils: readonly SpoilsSent[], countOf: (one: SpoilsSent) => number): number {
  return spoils.reduce((sum, one) => sum + countOf(one), 0);
}
