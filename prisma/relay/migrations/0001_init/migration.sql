-- CreateTable
CREATE TABLE "record" (
    "record_number" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "payment_id" UUID NOT NULL,
    "digest" BYTEA,
    "context_digest" BYTEA,
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "tip_minor" BIGINT NOT NULL,
    "cashback_minor" BIGINT NOT NULL,
    "surcharge_minor" BIGINT NOT NULL,
    "currency" INTEGER NOT NULL,
    "terminal_id" TEXT NOT NULL,
    "reader_serial" TEXT NOT NULL,
    "entry_mode" TEXT NOT NULL,
    "trace_number" INTEGER NOT NULL,
    "reader_payment" BYTEA,
    "reader_signature" BYTEA,
    "traceparent" TEXT NOT NULL,
    "original_payment_id" UUID,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "forwarded_at" TIMESTAMPTZ(3),
    "deadline_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),
    "reverse" BYTEA,
    "reverse_signature" BYTEA,
    "fault_code" TEXT,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "retrieval_reference" TEXT NOT NULL DEFAULT '',
    "approval_code" TEXT NOT NULL DEFAULT '',
    "response_code" TEXT NOT NULL DEFAULT '',
    "approved_amount_minor" BIGINT NOT NULL DEFAULT 0,
    "last_four" TEXT NOT NULL DEFAULT '',
    "scheme" TEXT NOT NULL DEFAULT '',
    "result" BYTEA,
    "result_signature" BYTEA,
    "result_key_id" BYTEA,
    "due_at" TIMESTAMPTZ(3),
    "lease_owner" TEXT NOT NULL,
    "claim_number" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "record_pkey" PRIMARY KEY ("record_number")
);

-- CreateTable
CREATE TABLE "record_event" (
    "sequence" BIGINT NOT NULL,
    "record_number" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "record_event_pkey" PRIMARY KEY ("sequence")
);

-- CreateTable
CREATE TABLE "reader" (
    "serial" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "certificate_id" BYTEA NOT NULL,
    "certificate" BYTEA NOT NULL,
    "not_after" TIMESTAMPTZ(3) NOT NULL,
    "registered_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "reader_pkey" PRIMARY KEY ("serial")
);

-- CreateTable
CREATE TABLE "terminal" (
    "terminal_id" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "merchant_name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "currencies" INTEGER[],
    "certificate_id" BYTEA NOT NULL,
    "certificate" BYTEA NOT NULL,
    "not_after" TIMESTAMPTZ(3) NOT NULL,
    "registered_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "terminal_pkey" PRIMARY KEY ("terminal_id")
);

-- CreateIndex
CREATE INDEX "record_merchant_id_recorded_at_record_number_idx" ON "record"("merchant_id", "recorded_at", "record_number");

-- CreateIndex
CREATE INDEX "record_recorded_at_record_number_idx" ON "record"("recorded_at", "record_number");

-- CreateIndex
CREATE UNIQUE INDEX "record_merchant_id_payment_id_key" ON "record"("merchant_id", "payment_id");

-- CreateIndex
CREATE INDEX "record_event_record_number_idx" ON "record_event"("record_number");

-- What follows Prisma has no words for.

-- Only records that are not final are ever looked for by this.
CREATE INDEX "record_due_at_idx" ON "record"("due_at") WHERE "due_at" IS NOT NULL;

-- Room in each page for the outcome, which shortens a row but is a new version of it.
ALTER TABLE "record" SET (fillfactor = 60);
