-- Room in each page for the acknowledgement, which is a new version of a row: next to the old one
-- it needs no new entries in the indexes, and VACUUM has none to look for.
ALTER TABLE "processor"."payment" SET (fillfactor = 50);

-- ANALYZE sorts 30,000 values of each column that has statistics, and while it does, payments wait
-- for its core. Nobody searches by these, so nothing is planned by them.
ALTER TABLE "processor"."payment"
    ALTER COLUMN "digest" SET STATISTICS 0,
    ALTER COLUMN "record_number" SET STATISTICS 0,
    ALTER COLUMN "total_minor" SET STATISTICS 0,
    ALTER COLUMN "tip_minor" SET STATISTICS 0,
    ALTER COLUMN "cashback_minor" SET STATISTICS 0,
    ALTER COLUMN "surcharge_minor" SET STATISTICS 0,
    ALTER COLUMN "approved_minor" SET STATISTICS 0,
    ALTER COLUMN "processor_time_ms" SET STATISTICS 0,
    ALTER COLUMN "result" SET STATISTICS 0,
    ALTER COLUMN "result_signature" SET STATISTICS 0,
    ALTER COLUMN "result_key_id" SET STATISTICS 0;
