import type { MessageInitShape } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import type {
  ListNotificationsRequestSchema,
  NotificationState,
} from "../../gen/cardlane/relay/v1/notification_pb.ts";
import { paymentErrorFrom } from "../../mesh/errors-to-wire.ts";
import { TestBed, type TestRelay } from "../../test/fixtures/relay-bed.ts";

const stack = new AsyncDisposableStack();
let relay: TestRelay;

beforeAll(async () => {
  const bed = stack.use(await TestBed.start());
  relay = await bed.startRelay();
});
afterAll(() => stack.disposeAsync());

const REFUSED: readonly {
  readonly name: string;
  readonly request: MessageInitShape<typeof ListNotificationsRequestSchema>;
  readonly message: string;
}[] = [
  {
    name: "a page that is too long",
    request: { pageSize: 501 },
    message: "page_size must be 1 to 500, or 0 for 50, got 501",
  },
  {
    name: "a state that there is not",
    request: { state: 99 as NotificationState },
    message: "state must be a known state, got 99",
  },
  {
    name: "a record number that is too short",
    request: { recordNumber: "A1" },
    message: "record_number must be 12 letters and digits, got 2 characters",
  },
];

test.each(REFUSED)("refuses to list $name", async ({ request, message }) => {
  expect(await refusalOf(relay.notifications.listNotifications(request))).toEqual({
    code: "MALFORMED_REQUEST",
    message,
  });
});

test.each(["", "NONE", "A\0B", "A".repeat(101)])(
  "there is no notification %j to send again",
  async (id) => {
    expect(await refusalOf(relay.notifications.resendNotification({ id }))).toEqual({
      code: "PAYMENT_NOT_FOUND",
      message: "no notification has this id",
    });
  },
);

async function refusalOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => paymentErrorFrom(ConnectError.from(reason)),
  );
  return { code: error?.code, message: error?.message };
}
