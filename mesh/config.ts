/**
 * Reads a program's settings from environment variables. Every problem is reported at once:
 *
 *     relay cannot start:
 *       CARDLANE_LISTEN must be host:port, got "7001"
 *       DATABASE_URL must be set: where the relay keeps its records
 */
export function readConfig<V extends Record<string, Setting<unknown>>>(
  program: string,
  environment: Environment,
  settings: V,
): ConfigOf<V> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const text = environment[setting.variable];
    try {
      values[name] = readSetting(setting, text === "" ? undefined : text);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      problems.push(`${setting.variable} ${error.message}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(program, problems);
  return values as ConfigOf<V>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type ConfigOf<V extends Record<string, Setting<unknown>>> = {
  readonly [K in keyof V]: V[K] extends Setting<infer T> ? T : never;
};

/** Why a program cannot start. `message` is meant for a person and holds no secret. */
export class StartError extends Error {
  override readonly name: string = "StartError";
}

/** Everything that is wrong with the environment. */
export class ConfigError extends StartError {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(program: string, problems: readonly string[]) {
    super(`${program} cannot start:\n  ${problems.join("\n  ")}`);
    this.problems = problems;
  }
}

/** One environment variable: its name, its meaning and how its text is read. */
export interface Setting<T> {
  readonly variable: string;
  /** What it is for; shown when it is missing. */
  readonly meaning: string;
  readonly parse: (text: string) => T;
  /** Taken when the variable is unset; without it the variable must be set. */
  readonly fallback?: { readonly value: T };
}

/** A setting that may be absent: undefined then. */
export function optional<T>(setting: Setting<T>): Setting<T | undefined> {
  return { ...setting, fallback: { value: undefined } };
}

/** `setting(...)` with `fallback` in place of an unset variable. */
export function withDefault<T>(setting: Setting<T>, fallback: T): Setting<T> {
  return { ...setting, fallback: { value: fallback } };
}

export function text(variable: string, meaning: string): Setting<string> {
  return { variable, meaning, parse: (value) => value };
}

/** One or more texts, separated by commas. */
export function texts(variable: string, meaning: string): Setting<readonly string[]> {
  return { variable, meaning, parse: (value) => value.split(",").map((one) => one.trim()) };
}

/** "host:port", port 0 to 65535. */
export function hostPort(variable: string, meaning: string): Setting<string> {
  return {
    variable,
    meaning,
    parse(value) {
      const port = /^(?:\[[0-9a-fA-F:]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(value)?.[1];
      if (port === undefined || Number(port) > 65_535) throw mustBe("host:port", value);
      return value;
    },
  };
}

/** One or more "host:port", separated by commas. */
export function hostPorts(variable: string, meaning: string): Setting<readonly string[]> {
  const one = hostPort(variable, meaning);
  return { variable, meaning, parse: (value) => value.split(",").map((v) => one.parse(v.trim())) };
}

export function integer(
  variable: string,
  meaning: string,
  range: { readonly min: number; readonly max: number },
): Setting<number> {
  return {
    variable,
    meaning,
    parse(value) {
      const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (!(number >= range.min && number <= range.max)) {
        throw mustBe(`a whole number from ${range.min} to ${range.max}`, value);
      }
      return number;
    },
  };
}

/** "true" or "false". */
export function flag(variable: string, meaning: string): Setting<boolean> {
  return { variable, meaning, parse: parseFlag };
}

export function choice<const C extends string>(
  variable: string,
  meaning: string,
  choices: readonly C[],
): Setting<C> {
  return {
    variable,
    meaning,
    parse(value) {
      const chosen = choices.find((one) => one === value);
      if (chosen === undefined) throw mustBe(`one of ${choices.join(", ")}`, value);
      return chosen;
    },
  };
}

/** A spiffe:// URI. */
export function spiffeUri(variable: string, meaning: string): Setting<string> {
  return {
    variable,
    meaning,
    parse(value) {
      if (!/^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._-]+)+$/.test(value)) {
        throw mustBe("spiffe://trust-domain/path", value);
      }
      return value;
    },
  };
}

function parseFlag(value: string): boolean {
  if (value !== "true" && value !== "false") throw mustBe("true or false", value);
  return value === "true";
}

function readSetting<T>(setting: Setting<T>, value: string | undefined): T {
  if (value !== undefined) return setting.parse(value);
  if (setting.fallback !== undefined) return setting.fallback.value;
  throw new SettingError(`must be set: ${setting.meaning}`);
}

/** What one variable's text should have been. A parser of one's own throws it too. */
export class SettingError extends Error {}

/** A URL can carry a password, so what came is shown only when it is short and plain. */
function mustBe(expected: string, got: string): SettingError {
  const shown = /^[\w.:,/-]{1,64}$/.test(got) ? `"${got}"` : "something else";
  return new SettingError(`must be ${expected}, got ${shown}`);
}
