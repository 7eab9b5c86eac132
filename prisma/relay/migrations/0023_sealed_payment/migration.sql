-- What readers sealed, apart from the records: eight tables, one for each minute in turn. A table is
-- emptied as a whole when its minute is over, so that neither dead rows nor free pages keep the bytes.
CREATE TABLE "sealed_payment" (
    "slot" SMALLINT NOT NULL,
    "record_number" TEXT NOT NULL,
    "box" BYTEA NOT NULL
) PARTITION BY LIST ("slot");

CREATE INDEX "sealed_payment_record_number_idx" ON "sealed_payment"("record_number");

-- Nothing in them lives long enough for statistics, or to be frozen.
DO $$
BEGIN
    FOR slot IN 0..7 LOOP
        EXECUTE format(
            'CREATE TABLE "sealed_payment_%s" PARTITION OF "sealed_payment" FOR VALUES IN (%s)
                WITH (autovacuum_enabled = false)', slot, slot);
    END LOOP;
END $$;

-- The relay's role may remove no row of these. It may ask for a table to be emptied: what is in it of
-- payments that are open still moves to the present one. False while somebody reads the table: nobody
-- is to wait behind this.
CREATE FUNCTION "empty_sealed_slot"(old INTEGER, present INTEGER) RETURNS BOOLEAN
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name TEXT := format('sealed_payment_%s', old);
    is_used BOOLEAN;
BEGIN
    IF old = present THEN
        RAISE EXCEPTION 'table % is written to at present', old;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO is_used;
    IF NOT is_used THEN
        RETURN true;
    END IF;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE NOWAIT', name);
    EXECUTE format(
        'INSERT INTO sealed_payment (slot, record_number, box)
         SELECT $1, sealed.record_number, sealed.box
         FROM record JOIN %I sealed ON sealed.record_number = record.record_number
         WHERE record.due_at IS NOT NULL AND record.state IN (''RECEIVED'', ''FORWARDED'')',
        name) USING present;
    EXECUTE format('TRUNCATE TABLE %I', name);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;
