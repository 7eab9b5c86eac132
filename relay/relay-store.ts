import { Database } from "./database.ts";
import { EventStore } from "./event-store.ts";
import { ContactStore } from "./notifications/contact-store.ts";
import { NotificationStore } from "./notifications/notification-store.ts";
import { RetentionStore } from "./notifications/retention-store.ts";
import { OversightStore } from "./oversight-store.ts";
import { QueryStore } from "./query-store.ts";
import { RecordStore } from "./record-store.ts";
import { RecoveryStore } from "./recovery-store.ts";
import { RegistryStore } from "./registry-store.ts";
import { WebhookStore } from "./webhooks/webhook-store.ts";

/** Everything that a relay keeps. */
export interface RelayStore extends AsyncDisposable {
  readonly records: RecordStore;
  readonly recovery: RecoveryStore;
  readonly events: EventStore;
  readonly queries: QueryStore;
  readonly registry: RegistryStore;
  readonly contacts: ContactStore;
  readonly notifications: NotificationStore;
  readonly webhooks: WebhookStore;
  readonly retention: RetentionStore;
  readonly oversight: OversightStore;
}

/** @param instance this relay instance; what it begins is its own until it is overdue. */
export function openRelayStore(databaseUrl: string, instance: string): RelayStore {
  const database = new Database(databaseUrl);
  return {
    records: new RecordStore(database),
    recovery: new RecoveryStore(database, instance),
    events: new EventStore(database),
    queries: new QueryStore(database),
    registry: new RegistryStore(database),
    contacts: new ContactStore(database),
    notifications: new NotificationStore(database),
    webhooks: new WebhookStore(database),
    retention: new RetentionStore(database),
    oversight: new OversightStore(database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
