-- What waits is looked at all the time, and is little beside what was delivered.
CREATE INDEX "webhook_delivery_waiting_idx" ON "webhook_delivery"("webhook_id", "sequence")
    WHERE "delivered_at" IS NULL;
-- The same for notifications.
CREATE INDEX "notification_queued_idx" ON "notification"("changed_at", "id")
    WHERE "state" = 'QUEUED';
