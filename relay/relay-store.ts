import { AuditLog } from "../audit/audit-log.ts";
import { systemClock } from "../mesh/clock.ts";
import { type Faults, noFaults } from "../mesh/faults.ts";
import { type Random, systemRandom } from "../sealing/random.ts";
import { AcknowledgementStore } from "./acknowledgements/acknowledgement-store.ts";
import { Database, type DatabaseConnections } from "./database.ts";
import { NotificationStore } from "./notifications/notification-store.ts";
import { ReceiptShares } from "./notifications/receipt-shares.ts";
import { RetentionStore } from "./notifications/retention-store.ts";
import { OutboxStore } from "./outbox/outbox-store.ts";
import { OversightStore } from "./oversight/oversight-store.ts";
import { QueryStore } from "./queries/query-store.ts";
import { EventStore } from "./records/event-store.ts";
import { LogEpoch } from "./records/log-epoch.ts";
import { RecordStore } from "./records/record-store.ts";
import { RecoveryStore } from "./recovery/recovery-store.ts";
import { ContactStore } from "./registry/contact-store.ts";
import { RegistryStore } from "./registry/registry-store.ts";
import { chainInMemory, MinuteKeys } from "./sealed/minute-keys.ts";
import { SealedStore } from "./sealed/sealed-store.ts";
import { StorageBoxes } from "./sealed/storage-boxes.ts";
import { WebhookStore } from "./webhooks/webhook-store.ts";

/** Everything that a relay keeps. */
export interface RelayStore extends AsyncDisposable {
  /** What the database's clock says, Unix milliseconds. */
  nowMs(): Promise<number>;
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
  readonly audit: AuditLog;
  readonly receiptShares: ReceiptShares;
  readonly acknowledgements: AcknowledgementStore;
  readonly outbox: OutboxStore;
  readonly sealed: SealedStore;
}

interface StoreOptions {
  readonly faults?: Faults;
  /** Under which sealed data stands in the database; by default of this process alone. */
  readonly minuteKeys?: MinuteKeys;
  readonly random?: Random;
  /** The database has another history than the one that the log of changes went by. */
  readonly onLogReset?: ConstructorParameters<typeof LogEpoch>[0];
}

/**
 * @param source where PostgreSQL is, or connections that a simulation made.
 * @param instance this relay instance; what it begins is its own until it is overdue.
 */
export function openRelayStore(
  source: string | DatabaseConnections,
  instance: string,
  options: StoreOptions = {},
): RelayStore {
  const { faults = noFaults, onLogReset = () => undefined, random = systemRandom } = options;
  const { minuteKeys = new MinuteKeys(chainInMemory(), { ...systemClock, random }) } = options;
  const boxes = new StorageBoxes(minuteKeys, random);
  const epoch = new LogEpoch(onLogReset);
  const database = new Database(source, faults, (client) => epoch.verify(client));
  return {
    nowMs: () => database.nowMs(),
    records: new RecordStore(database, boxes),
    recovery: new RecoveryStore(database, instance, boxes),
    events: new EventStore(database, epoch),
    queries: new QueryStore(database),
    registry: new RegistryStore(database),
    contacts: new ContactStore(database),
    notifications: new NotificationStore(database),
    webhooks: new WebhookStore(database),
    retention: new RetentionStore(database),
    oversight: new OversightStore(database),
    audit: new AuditLog(database),
    receiptShares: new ReceiptShares(database),
    acknowledgements: new AcknowledgementStore(database, instance),
    outbox: new OutboxStore(database),
    sealed: new SealedStore(database, minuteKeys),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
