import type { SettingName } from "./names.ts";

/**
 * One environment variable, as data. The typed value (read-config.ts) and its row in
 * docs/settings.md both come from it.
 */
export interface Setting<T> {
  readonly name: SettingName;
  readonly reads: Form<T>;
  /** What it does, in Markdown; the first sentence also stands in the error when it is missing. */
  readonly says: string;
  /** Taken when the variable is unset or empty: text as a person would set it. */
  readonly default?: string;
  /** What happens without it. */
  readonly unset?: string;
  /** No message ever quotes its value. */
  readonly secret?: true;
  /** Why no program starts with it when NODE_ENV is `production`. */
  readonly refusedInProduction?: string;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

type Declared<T> = Omit<Setting<T>, "default" | "unset">;

/**
 * Declares a setting. When the variable is not set, its value is `default`, or undefined with
 * `unset`; with neither the variable must be set:
 *
 *     setting({
 *       name: "CARDLANE_LISTEN",
 *       reads: hostPort,
 *       default: "127.0.0.1:7403",
 *       says: "where terminals reach the relay",
 *     })
 */
export function setting<T>(declared: Declared<T> & { readonly default: string }): Setting<T>;
export function setting<T>(
  declared: Declared<T> & { readonly unset: string },
): Setting<T | undefined>;
export function setting<T>(declared: Declared<T>): Setting<T>;
export function setting<T>(declared: Setting<T>): Setting<T> {
  return declared;
}

/** What the text of a setting looks like, and what it becomes. */
export interface Form<T> {
  /** What it must be: "a whole number from 1 to 256". */
  readonly expected: string;
  /** Of a number: "ms", "days". */
  readonly unit?: string;
  /** @throws SettingError saying what it must be; the reader of settings adds what came. */
  parse(text: string): T;
}

/** What a variable must be, such as "must be host:port". It never quotes the value. */
export class SettingError extends Error {}

/** @param parse gives undefined for text that is not of this form. */
export function form<T>(expected: string, parse: (text: string) => T | undefined): Form<T> {
  return {
    expected,
    parse(text) {
      const value = parse(text);
      if (value === undefined) throw new SettingError(`must be ${expected}`);
      return value;
    },
  };
}

export const text = form("text", (value) => value);

export const folder = form("a folder", (value) => value);

export const file = form("a file", (value) => value);

/** One or more texts, separated by commas. */
export const texts: Form<readonly string[]> = form("texts, separated by commas", commaSeparated);

/** Port 0 to 65535; 0 takes any free port. */
export const hostPort = form("host:port", hostPortIn);

/** One or more "host:port", separated by commas. */
export const hostPorts: Form<readonly string[]> = form(
  "host:port, or several separated by commas",
  (value) => {
    const all = commaSeparated(value);
    return all.every((one) => hostPortIn(one) !== undefined) ? all : undefined;
  },
);

/** "1": the variable is a switch, and only unset is off. */
export const switchedOn = form("1 or unset", (value) => (value === "1" ? true : undefined));

export function integer(range: {
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}): Form<number> {
  const { min, max, unit } = range;
  const whole = form(`a whole number from ${min} to ${max}`, (value) => {
    const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  });
  return { ...whole, unit };
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): Form<Choice> {
  return form(`one of ${choices.join(", ")}`, (value) => choices.find((one) => one === value));
}

function commaSeparated(value: string): readonly string[] {
  return value.split(",").map((one) => one.trim());
}

function hostPortIn(value: string): string | undefined {
  const port = /^(?:\[[0-9a-fA-F:]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(value)?.[1];
  return port === undefined || Number(port) > 65_535 ? undefined : value;
}
