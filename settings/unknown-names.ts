import { SETTING_NAMES, type SettingName } from "./names.ts";
import { nearestName } from "./nearest-name.ts";

/** A variable that looks like one of ours, and that nothing reads. */
interface UnknownName {
  readonly name: string;
  /** What may have been meant; undefined when nothing is close. */
  readonly nearest: SettingName | undefined;
}

const PREFIX = "CARDLANE_";

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
  const own = SETTING_NAMES.filter((known) => known.startsWith(PREFIX));
  const withoutPrefix = (whole: string) => whole.slice(PREFIX.length);
  const nearest = nearestName(withoutPrefix(name), own.map(withoutPrefix));
  return own.find((known) => withoutPrefix(known) === nearest);
}
