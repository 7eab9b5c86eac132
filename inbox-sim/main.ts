import { hostPort, readConfig, StartError, withDefault } from "../mesh/config.ts";
import { runProgram } from "../mesh/program.ts";
import { startInbox } from "./inbox.ts";

const SETTINGS = {
  pageListen: withDefault(hostPort("CARDLANE_LISTEN", "where the page is"), "127.0.0.1:7406"),
  smtpListen: withDefault(
    hostPort("CARDLANE_SMTP_LISTEN", "where mail is taken"),
    "127.0.0.1:7425",
  ),
  smppListen: withDefault(
    hostPort("CARDLANE_SMPP_LISTEN", "where SMS are taken"),
    "127.0.0.1:7475",
  ),
};

await runProgram("inbox", async ({ environment, isProduction, clock }) => {
  const config = readConfig("inbox", environment, SETTINGS);
  if (isProduction) throw new StartError("inbox cannot start:\n  it is for development alone");
  for (const listen of Object.values(config)) {
    if (listen.startsWith("127.0.0.1:")) continue;
    throw new StartError(`inbox cannot start:\n  it listens on 127.0.0.1 alone, not ${listen}`);
  }
  const inbox = await startInbox({ ...config, clock });
  return { address: inbox.address, drain: async () => await inbox[Symbol.asyncDispose]() };
});
