-- The relay's role may delete no record. It may ask for those to go that nobody waits for: final for
-- so many days, without an event or a delivery that is still kept. A payment that comes back after
-- that is answered by the processor, which forgets nothing.
CREATE FUNCTION "remove_old_records"(
    days INTEGER, are_tombstones BOOLEAN, rows_max INTEGER
) RETURNS INTEGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before TIMESTAMPTZ := now() - make_interval(days => days);
    days_min INTEGER := CASE WHEN are_tombstones THEN 2 ELSE 30 END;
    removed INTEGER;
BEGIN
    IF days < days_min THEN
        RAISE EXCEPTION 'records are kept longer than % days', days;
    END IF;
    WITH old AS (
        SELECT "record_number" FROM "record"
        WHERE "recorded_at" < before AND "completed_at" < before AND "due_at" IS NULL
            AND ("kind" = 'UNSPECIFIED') = are_tombstones
            -- The terminal was told "unknown": the processor may have another payment approved.
            AND ("state" = 'DECLINED'
                AND "fault_code" IN ('OWNED_ELSEWHERE', 'DUPLICATE_DIFFERS')) IS NOT TRUE
            AND NOT EXISTS (
                SELECT FROM "record_event" event
                WHERE event."record_number" = "record"."record_number")
            AND NOT EXISTS (
                SELECT FROM "notification" one
                WHERE one."record_number" = "record"."record_number")
            AND NOT EXISTS (
                SELECT FROM "webhook" JOIN "webhook_delivery" delivery
                    ON delivery."webhook_id" = "webhook"."id"
                WHERE delivery."record_number" = "record"."record_number")
        ORDER BY "recorded_at", "record_number" LIMIT rows_max
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM "record" USING old WHERE "record"."record_number" = old."record_number"
        RETURNING 1
    )
    SELECT count(*) INTO removed FROM gone;
    RETURN removed;
END $$;

-- Those without an event are few, and are looked for among the oldest.
CREATE INDEX "record_tombstone_idx" ON "record"("recorded_at", "record_number")
    WHERE "kind" = 'UNSPECIFIED';
