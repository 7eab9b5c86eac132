import { SETTING_NAMES, type SettingName } from "./names.ts";

/** A variable that looks like one of ours, and that nothing reads. */
interface UnknownName {
  readonly name: string;
  /** What may have been meant; undefined when nothing is close. */
  readonly nearest: SettingName | undefined;
}

const PREFIX = "CARDLANE_";
/** Further apart than a third of the longer one, two names are two words. */
const DISTANCE_SHARE_MAX = 1 / 3;

/** Every `CARDLANE_` variable that no program, tool or client has as a setting. */
export function unknownNames(environment: object): readonly UnknownName[] {
  const known: readonly string[] = SETTING_NAMES;
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .map((name) => ({ name, nearest: nearestTo(name) }));
}

/** One line for a person. */
export function unknownNameLine({ name, nearest }: UnknownName): string {
  const hint = nearest === undefined ? "docs/settings.md lists all" : `did you mean ${nearest}?`;
  return `${name} is not a setting: ${hint}`;
}

function nearestTo(name: string): SettingName | undefined {
  const rest = name.slice(PREFIX.length);
  const [nearest] = SETTING_NAMES.filter((known) => known.startsWith(PREFIX))
    .map((known) => ({ known, distance: distanceOf(rest, known.slice(PREFIX.length)) }))
    .filter(({ known, distance }) => {
      const longer = Math.max(name.length, known.length) - PREFIX.length;
      return distance <= longer * DISTANCE_SHARE_MAX;
    })
    .sort((left, right) => left.distance - right.distance);
  return nearest?.known;
}

/** Levenshtein's: how many letters to put in, take out or replace to make one text the other. */
function distanceOf(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1];
    for (const [at, other] of [...right].entries()) {
      const replaced = (row[at] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
