import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { DEFAULT_DATA_DIRECTORY } from "../../dev-mesh/mesh-directory.ts";
import type { CommandIo, CommonOptions } from "./command-io.ts";

/** A flag that needs more than a line of help. */
interface Flag {
  readonly says: string;
  /** What may be typed; undefined: anything. */
  readonly choices?: readonly string[];
  /** Its value where nobody typed the flag. */
  readonly default?: string;
  /** A command without it is refused. */
  readonly isRequired?: boolean;
  /** Names of the flags that it cannot stand beside. */
  readonly conflicts?: readonly string[];
}

/** Each flag of a command as its help writes it, such as "-n, --limit <count>": what it does. */
export type Flags = Readonly<Record<string, string | Flag>>;

/** "time-zone" as commander names it: "timeZone". */
type Camel<Text> = Text extends `${infer Head}-${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : Text;

type NameOf<Written> = Written extends `${string}--${infer Name} <${string}>`
  ? Camel<Name>
  : Written extends `${string}--${infer Name}`
    ? Camel<Name>
    : never;

type ValueOf<Written> = Written extends `${string} <${string}>` ? string : boolean;

type Always = { readonly default: string } | { readonly isRequired: true };

/** What a command gets for its own flags: a string where help shows `<value>`, else a boolean. */
export type ValuesOf<Of extends Flags> = {
  readonly [Written in keyof Of as Of[Written] extends Always
    ? NameOf<Written>
    : never]: ValueOf<Written>;
} & {
  readonly [Written in keyof Of as Of[Written] extends Always
    ? never
    : NameOf<Written>]?: ValueOf<Written>;
};

/** All that a command with these flags gets. */
export type OptionsOf<Of extends Flags> = CommonOptions & ValuesOf<Of>;

/** Where a command speaks, and who hears its exit code. */
export interface CommandEnds {
  readonly io: CommandIo;
  readonly finish: (exitCode: number) => void;
}

/** Lets a command run: with the words that were typed after it, its flags and everybody's. */
export function runs<Of extends Flags, Words extends readonly string[]>(
  { io, finish }: CommandEnds,
  command: Command,
  flags: Of,
  run: (io: CommandIo, ...given: [...Words, OptionsOf<Of>]) => Promise<number>,
): void {
  for (const [written, flag] of Object.entries(flags)) command.addOption(optionOf(written, flag));
  addCommonOptions(io, command);
  command.action(async (...given) => {
    // Commander hands over the command itself behind words and options.
    finish(await run(io, ...(given.slice(0, -1) as [...Words, OptionsOf<Of>])));
  });
}

function optionOf(written: string, flag: string | Flag): Option {
  if (typeof flag === "string") return new Option(written, flag);
  const option = new Option(written, flag.says).makeOptionMandatory(flag.isRequired ?? false);
  if (flag.choices !== undefined) option.choices(flag.choices);
  if (flag.default !== undefined) option.default(flag.default);
  return option.conflicts([...(flag.conflicts ?? [])]);
}

function addCommonOptions(io: CommandIo, command: Command): void {
  const dataDirectory = new Option("--data-dir <directory>", "where the mesh keeps its data")
    .default(DEFAULT_DATA_DIRECTORY, ".cardlane in the repository")
    .argParser((path) => resolve(io.workingDirectory, path));
  command.option("--json", "answer with one JSON object per line").addOption(dataDirectory);
}
