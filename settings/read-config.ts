import { type Environment, environment as ownEnvironment } from "./environment.ts";
import { type Setting, SettingError, type Settings } from "./setting.ts";

/**
 * Reads a program's settings from environment variables. Every problem is reported at once:
 *
 *     relay cannot start:
 *       CARDLANE_LISTEN must be host:port, got "7001"
 *       DATABASE_URL must be set: the relay's PostgreSQL database
 *
 * @throws ConfigError
 */
export function readConfig<S extends Settings>(
  program: string,
  environment: Environment,
  settings: S,
): ConfigOf<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    try {
      values[name] = readSetting(setting, environment);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      problems.push(`${setting.name} ${error.message}`);
    }
  }
  if (problems.length > 0) throw new ConfigError(program, problems);
  return values as ConfigOf<S>;
}

/**
 * The value of a setting that is needed while modules load, where nobody could say what is wrong.
 * A wrong one counts as unset here; the program that lists the setting refuses it at its start.
 */
export function valueAtLoad<T>(setting: Setting<T>): T {
  try {
    return readSetting(setting, ownEnvironment);
  } catch {
    return readSetting(setting, {});
  }
}

export type ConfigOf<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
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

function readSetting<T>(setting: Setting<T>, environment: Environment): T {
  const { name, reads, secret, refusedInProduction } = setting;
  const given = environment[name];
  if (given === undefined || given === "") return valueWhenUnset(setting);
  if (refusedInProduction !== undefined && environment.NODE_ENV === "production") {
    throw new SettingError(`is refused in production: ${refusedInProduction}`);
  }
  try {
    return reads.parse(given);
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const came = secret === true ? UNSHOWN : shown(given);
    throw new SettingError(`${error.message}, got ${came}`);
  }
}

function valueWhenUnset<T>({ reads, says, default: usual, unset }: Setting<T>): T {
  if (usual !== undefined) return reads.parse(usual);
  // The overloads of `setting` give a setting with `unset` a type that has undefined in it.
  if (unset !== undefined) return undefined as T;
  throw new SettingError(`must be set: ${says.split(". ", 1)}`);
}

const UNSHOWN = "something else";

/** A URL can carry a password, so what came is shown only when it is short and plain. */
function shown(given: string): string {
  return /^[\w.:,/-]{1,64}$/.test(given) ? `"${given}"` : UNSHOWN;
}
