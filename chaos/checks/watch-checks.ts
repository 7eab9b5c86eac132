import type { Check, Evidence } from "./check.ts";

/** What a watcher heard who resumed after every cut line and restart. */
export const WATCH_CHECKS: readonly Check[] = [
  { invariant: "a watcher that resumes hears every event", violations: missed },
  { invariant: "a watcher hears every event once and in order", violations: disordered },
  { invariant: "a watcher hears nothing that did not happen", violations: invented },
  { invariant: "what a watcher heard last of a record is how it ended", violations: misled },
];

function* missed({ end, watched }: Evidence): Iterable<string> {
  if (watched.gone !== "") yield `was told that the log is gone: ${watched.gone}`;
  const heard = new Set(watched.heard.map(({ sequence }) => sequence));
  for (const { sequence, record_number, state } of end.events) {
    if (!heard.has(sequence)) yield `event ${sequence}: ${record_number} ${state}`;
  }
}

function* disordered({ watched }: Evidence): Iterable<string> {
  let last = 0n;
  for (const { sequence } of watched.heard) {
    if (sequence <= last) yield `event ${sequence} after ${last}`;
    last = sequence;
  }
}

function* invented({ end, watched }: Evidence): Iterable<string> {
  const events = new Map(end.events.map((event) => [event.sequence, event]));
  for (const { sequence, recordNumber, state } of watched.heard) {
    const event = events.get(sequence);
    if (event?.record_number === recordNumber && event.state === state) continue;
    yield `event ${sequence}: ${recordNumber} ${state}`;
  }
}

function* misled({ end, watched }: Evidence): Iterable<string> {
  const heard = new Map(watched.heard.map(({ recordNumber, state }) => [recordNumber, state]));
  const records = end.records.filter(({ is_unseen }) => is_unseen);
  const unseen = new Set(records.map(({ record_number }) => record_number));
  for (const { record_number, state } of end.payments) {
    const ended = state === "TOMBSTONE" ? "REVERSED" : state;
    const last = heard.get(record_number);
    if (last === undefined && unseen.has(record_number)) continue;
    if (last !== ended) yield `${record_number}: heard ${last}, the processor has ${ended}`;
  }
}
