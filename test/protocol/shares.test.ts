import { expect, test } from "vitest";
import { DEFAULT_CALL_RATE, DEFAULT_LIMITS as limits } from "../../mesh/server/server-limits.ts";
import { PAYMENT_RATE } from "../../relay/intake/terminal-stream.ts";
import { RECEIPTS_A_DAY } from "../../relay/notifications/receipt-shares.ts";
import {
  WATCHES_FOR_OPERATORS,
  WATCHES_MAX,
  WATCHES_OF_ONE_MAX,
} from "../../relay/queries/watch-places.ts";
import { tableUnder } from "./document-table.ts";
import { rateIn } from "./source-constant.ts";

const written = (value: number) => value.toLocaleString("en");
const perMinute = (path: string, name: string) => written(rateIn(path, name) * 60);

test("SECURITY.md has the shares that the code has", () => {
  const rows = tableUnder("SECURITY.md", "What one may have");
  const figures = Object.fromEntries(rows.map(([share = "", figure = ""]) => [share, figure]));
  expect(figures).toEqual({
    "connections of a TLS identity": written(limits.connectionsPerPeerMax),
    "connections from an address, before an identity is proved": written(
      limits.connectionsPerAddressMax,
    ),
    "TLS handshakes from an address, each second": written(limits.handshakeRate.perSecond),
    "streams of a connection": written(limits.streamsPerConnectionMax),
    "streams of a TLS identity": written(limits.streamsPerPeerMax),
    "calls of an identity, each second, refused ones and reflection among them": written(
      DEFAULT_CALL_RATE.perSecond,
    ),
    "unary calls of an identity under way": written(limits.callsAtOnceMax),
    "pages of lists of an identity under way": written(limits.listsAtOnceMax),
    "unread answers and unfinished messages of a connection, MiB": written(
      limits.heldBytesMax / 1_048_576,
    ),
    "resets and refused calls of an identity, each second": written(limits.offenceRate.perSecond),
    "watches of an identity": written(WATCHES_OF_ONE_MAX),
    "payments of a terminal, each second": written(PAYMENT_RATE.perSecond),
    "ids without a record that an identity cancels, each minute": perMinute(
      "relay/recovery/cancellation.ts",
      "TOMBSTONE_RATE",
    ),
    "receipts of a payment, each day": written(RECEIPTS_A_DAY.payment),
    "receipts of a terminal, each day": written(RECEIPTS_A_DAY.terminal),
    "receipts of a merchant, each day": written(RECEIPTS_A_DAY.merchant),
    "receipts of a merchant to one country, each day": written(
      RECEIPTS_A_DAY["merchant and country"],
    ),
    "security events of one kind in the log, each minute": perMinute(
      "mesh/log.ts",
      "SECURITY_RATE",
    ),
  });
  const kept = Object.fromEntries(rows.map(([share = "", , rest = ""]) => [share, rest]));
  expect(kept["watches of an identity"]).toBe(
    `${WATCHES_FOR_OPERATORS} of ${WATCHES_MAX} for operators`,
  );
  expect(kept["connections from an address, before an identity is proved"]).toBe(
    `${written(limits.connectionsMax)} of all; in plaintext ` +
      `${written(limits.connectionsReserve)} stay free for other addresses`,
  );
});
