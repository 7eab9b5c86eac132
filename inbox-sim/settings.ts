import { hostPort, setting } from "../settings/setting.ts";

export const INBOX_SETTINGS = {
  pageListen: setting({
    name: "CARDLANE_LISTEN",
    reads: hostPort,
    default: "127.0.0.1:7406",
    says: "where the page is. The inbox listens on 127.0.0.1 alone.",
  }),
  smtpListen: setting({
    name: "CARDLANE_SMTP_LISTEN",
    reads: hostPort,
    default: "127.0.0.1:7425",
    says: "where the inbox takes mail.",
  }),
  smppListen: setting({
    name: "CARDLANE_SMPP_LISTEN",
    reads: hostPort,
    default: "127.0.0.1:7475",
    says: "where the inbox takes SMS.",
  }),
};
