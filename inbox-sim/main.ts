import { runProgram } from "../mesh/program.ts";
import { StartError } from "../settings/read-config.ts";
import { startInbox } from "./inbox.ts";
import { INBOX_SETTINGS } from "./settings.ts";

await runProgram("inbox", INBOX_SETTINGS, async ({ isProduction, clock }, config) => {
  if (isProduction) throw new StartError("inbox cannot start:\n  it is for development alone");
  const { pageListen, smtpListen, smppListen } = config;
  for (const listen of [pageListen, smtpListen, smppListen]) {
    if (listen.startsWith("127.0.0.1:")) continue;
    throw new StartError(`inbox cannot start:\n  it listens on 127.0.0.1 alone, not ${listen}`);
  }
  const inbox = await startInbox({ pageListen, smtpListen, smppListen }, clock);
  return { address: inbox.address, drain: async () => await inbox[Symbol.asyncDispose]() };
});
