-- ANALYZE sorts 30,000 values of each column that has statistics, and while it does, payments wait
-- for its core. Nobody searches by these, so nothing is planned by them.
ALTER TABLE "record"
    ALTER COLUMN "digest" SET STATISTICS 0,
    ALTER COLUMN "context_digest" SET STATISTICS 0,
    ALTER COLUMN "total_minor" SET STATISTICS 0,
    ALTER COLUMN "tip_minor" SET STATISTICS 0,
    ALTER COLUMN "cashback_minor" SET STATISTICS 0,
    ALTER COLUMN "surcharge_minor" SET STATISTICS 0,
    ALTER COLUMN "trace_number" SET STATISTICS 0,
    ALTER COLUMN "reader_payment" SET STATISTICS 0,
    ALTER COLUMN "reader_signature" SET STATISTICS 0,
    ALTER COLUMN "traceparent" SET STATISTICS 0,
    ALTER COLUMN "forwarded_at" SET STATISTICS 0,
    ALTER COLUMN "deadline_at" SET STATISTICS 0,
    ALTER COLUMN "completed_at" SET STATISTICS 0,
    ALTER COLUMN "reverse" SET STATISTICS 0,
    ALTER COLUMN "reverse_signature" SET STATISTICS 0,
    ALTER COLUMN "approval_code" SET STATISTICS 0,
    ALTER COLUMN "approved_amount_minor" SET STATISTICS 0,
    ALTER COLUMN "last_four" SET STATISTICS 0,
    ALTER COLUMN "result" SET STATISTICS 0,
    ALTER COLUMN "result_signature" SET STATISTICS 0,
    ALTER COLUMN "result_key_id" SET STATISTICS 0;
