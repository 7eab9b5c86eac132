-- How the holder of a card was verified, and what passed without it.
-- AlterTable
ALTER TABLE "processor"."payment" ADD COLUMN "holder_check" TEXT NOT NULL DEFAULT '';

-- Taps in a row without a PIN. Of two processors at once, one is told to read again.
-- AlterTable
ALTER TABLE "processor"."account"
    ADD COLUMN "tapped_minor" BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN "tapped_count" INTEGER NOT NULL DEFAULT 0;

ALTER TABLE "processor"."account" ADD CONSTRAINT "account_is_within_taps" CHECK ("tapped_count" <= 5);
