import { resolve } from "node:path";
import { Command, Option } from "commander";
import { DEFAULT_DATA_DIRECTORY } from "../dev-mesh/mesh-directory.ts";
import { cards, unlockCard } from "./commands/cards.ts";
import { type ConformanceOptions, conformance, ROLES } from "./commands/conformance.ts";
import { readers } from "./commands/devices.ts";
import { decideReversal, heldReversals } from "./commands/held-reversals.ts";
import { type MakeKeysOptions, makeKeys, showKeys } from "./commands/keys.ts";
import { type ListOptions, list } from "./commands/list.ts";
import { addNotificationCommands } from "./commands/notification-commands.ts";
import { pay } from "./commands/pay.ts";
import { query } from "./commands/query.ts";
import { reconcile } from "./commands/reconcile.ts";
import { type ReversalsOptions, reversals } from "./commands/reversals.ts";
import { trace } from "./commands/trace.ts";
import { type WatchOptions, watch } from "./commands/watch.ts";
import type { CommandIo, CommonOptions } from "./io/command-io.ts";
import { PAY_KINDS, type PayOptions } from "./pay/pay-arguments.ts";
import { runMesh, type StartOptions } from "./start/run-mesh.ts";

/**
 * The `cardlane` command. Every command returns its exit code through `finish`; errors are thrown.
 */
export function commandLine(io: CommandIo, finish: (exitCode: number) => void): Command {
  const program = new Command("cardlane")
    .description("Card payments in person: reader, terminal, relay and processor as one mesh.")
    .showHelpAfterError("(cardlane --help tells more)")
    .addHelpText("after", EXIT_CODE_HELP);
  addPay(program, io, finish);
  addRecordCommands(program, io, finish);
  addOversightCommands(program, io, finish);
  addPublicCommands(program, io, finish);
  addConformance(program, io, finish);
  const common = (command: Command) => withCommonOptions(io, command);
  addNotificationCommands(program, { io, finish, common });
  addStart(program, io, finish);
  return program;
}

const EXIT_CODE_HELP = `
Exit codes: 0 approved (or the question was answered), 2 declined or undone, 3 unknown, 1 error.`;

type Finish = (exitCode: number) => void;

function addPay(program: Command, io: CommandIo, finish: Finish): void {
  const command = program
    .command("pay <amount> <currency>")
    .summary("take a payment")
    .description("Takes a payment at the terminal: cardlane pay 12.50 EUR --card visa")
    .option("-c, --card <name>", "test card, by name or number (see: cardlane cards)")
    .option("--pin <digits>", "PIN of a test card; others on this machine can see it")
    .option("--pin-on-reader", "type the PIN on the reader's own keys")
    .option("-y, --yes", "do not ask for confirmation")
    .addOption(new Option("--tap", "tap the card").conflicts(["swipe", "insert"]))
    .addOption(new Option("--swipe", "swipe the card").conflicts(["tap", "insert"]))
    .addOption(new Option("--insert", "insert the card").conflicts(["tap", "swipe"]))
    .option("--id <uuid>", "your own payment id; the same id never charges twice")
    .addOption(
      new Option("--kind <kind>", "what to do").choices(Object.keys(PAY_KINDS)).default("sale"),
    );
  withCommonOptions(io, command).action(
    async (amount: string, currency: string, options: PayOptions & CommonOptions) => {
      finish(await pay(io, amount, currency, options));
    },
  );
}

function addRecordCommands(program: Command, io: CommandIo, finish: Finish): void {
  withCommonOptions(
    io,
    program
      .command("query <number>")
      .summary("show a payment")
      .description("Shows a payment by its record number or payment id."),
  ).action(async (number: string, options: CommonOptions) => {
    finish(await query(io, number, options));
  });
  withCommonOptions(
    io,
    program
      .command("list")
      .summary("list the newest payments")
      .description("Lists the newest payments.")
      .option("-n, --limit <count>", "how many, 1 to 500", "20")
      .option("--state <state>", "only payments in this state: approved, declined, unknown …")
      .option("--page <token>", "the page after another one"),
  ).action(async (options: ListOptions) => finish(await list(io, options)));
  withCommonOptions(
    io,
    program
      .command("watch")
      .summary("show changes as they happen")
      .description("Shows every change of every payment as it happens, until Ctrl-C.")
      .option("--after <sequence>", "start after this change; 0 for the beginning"),
  ).action(async (options: WatchOptions) => finish(await watch(io, options)));
  withCommonOptions(
    io,
    program
      .command("trace <number>")
      .summary("show where a payment spent its time")
      .description("Shows the trace of a payment by its record number or payment id."),
  ).action(async (number: string, options: CommonOptions) => {
    finish(await trace(io, number, options));
  });
}

function addOversightCommands(program: Command, io: CommandIo, finish: Finish): void {
  withCommonOptions(
    io,
    program
      .command("reconcile")
      .summary("compare relay, processor and signed results")
      .description(
        "Compares every record of the relay with the processor's ledger and what was signed, " +
          "recomputes every balance from its postings, and names each difference.",
      )
      .addHelpText("after", "\nExit codes: 0 all agree, 2 differences were found, 1 error."),
  ).action(async (options: CommonOptions) => finish(await reconcile(io, options)));
  addReversals(program, io, finish);
}

function addReversals(program: Command, io: CommandIo, finish: Finish): void {
  const command = program.command("reversals").summary("payments that are being undone");
  const lists = [
    {
      on: command.command("list", { isDefault: true }),
      says: "Lists reversals that the processor has not acknowledged yet; due ones first.",
      run: reversals,
    },
    {
      on: command.command("held"),
      says: "Lists reversals that wait for an operator of the processor, the oldest first.",
      run: heldReversals,
    },
  ];
  for (const { on, says, run } of lists) {
    const listing = on.description(says).option("-n, --limit <count>", "how many, 1 to 500", "50");
    withCommonOptions(io, listing).action(async (options: ReversalsOptions) =>
      finish(await run(io, options)),
    );
  }
  const decisions = [
    { word: "release", decision: "RELEASE", says: "Undoes a payment whose reversal waits." },
    { word: "refuse", decision: "REFUSE", says: "Lets a payment stay approved for good." },
  ] as const;
  for (const { word, decision, says } of decisions) {
    withCommonOptions(io, command.command(`${word} <payment>`).description(says)).action(
      async (name: string, options: CommonOptions) =>
        finish(await decideReversal(io, { name, decision }, options)),
    );
  }
}

function addPublicCommands(program: Command, io: CommandIo, finish: Finish): void {
  const keys = program.command("keys").description("keys of a development mesh");
  const testCards = program.command("cards").description("test cards, and cards that are locked");
  const all = [
    { on: program, name: "readers", says: "list the readers that the relay serves", run: readers },
    {
      on: keys,
      name: "show",
      says: "list all keys: holder, purpose, id, validity; never a secret",
      run: showKeys,
    },
  ];
  for (const { on, name, says, run } of all) {
    withCommonOptions(io, on.command(name).description(says)).action(
      async (options: CommonOptions) => finish(await run(io, options)),
    );
  }
  withCommonOptions(
    io,
    testCards
      .command("list", { isDefault: true })
      .description("list the test cards and their effects"),
  ).action(async (options: CommonOptions) => finish(await cards(io, options)));
  withCommonOptions(
    io,
    testCards
      .command("unlock <payment>")
      .description("give the card of a payment all its PIN tries back"),
  ).action(async (name: string, options: CommonOptions) => {
    finish(await unlockCard(io, name, options));
  });
  withCommonOptions(
    io,
    keys
      .command("make")
      .summary("make all keys of a development mesh")
      .description("Makes the keys of every program, for development. Keys that are there stay.")
      .option("--tls", "certificates for mutual TLS, too"),
  ).action(async (options: MakeKeysOptions) => finish(await makeKeys(io, options)));
}

function addConformance(program: Command, io: CommandIo, finish: Finish): void {
  withCommonOptions(
    io,
    program
      .command("conformance")
      .summary("examine an implementation of the contract")
      .description("Shows what a relay, processor or terminal of whomever does and does not do.")
      .requiredOption("--target <address>", "where it listens, in plaintext: host:port")
      .option("--keys <folder>", "keys of a development mesh: examines whole payments, too")
      .option("--processor <address>", "the processor behind a relay, for --keys")
      .option("--reader <address>", "the simulated reader at a terminal, for --keys")
      .addOption(
        new Option("--role <role>", "what it is").choices(Object.keys(ROLES)).makeOptionMandatory(),
      ),
  ).action(async (options: ConformanceOptions) => finish(await conformance(io, options)));
}

function addStart(program: Command, io: CommandIo, finish: Finish): void {
  withCommonOptions(
    io,
    program
      .command("start")
      .summary("start everything (npm start)")
      .description(
        "Starts everything, takes one payment, stays up until Ctrl-C. Same as npm start.",
      )
      .option("--once", "end after the payment; exit code 0 only when it was approved")
      .option("--tls", "mutual TLS between all programs")
      .option("--unlock-cards", "give the test cards all PIN tries back")
      .option("--reader <address>", "somebody else's reader in place of ours: host:port")
      .option("--processor <address>", "somebody else's processor in place of ours: host:port")
      .option("--port-base <port>", "port of the reader, the others follow; 0 for any", "7401"),
  ).action(async (options: StartOptions) => finish(await runMesh(io, options)));
}

function withCommonOptions(io: CommandIo, command: Command): Command {
  const dataDirectory = new Option("--data-dir <directory>", "where the mesh keeps its data")
    .default(DEFAULT_DATA_DIRECTORY, ".cardlane in the repository")
    .argParser((path) => resolve(io.workingDirectory, path));
  return command.option("--json", "answer with one JSON object per line").addOption(dataDirectory);
}
