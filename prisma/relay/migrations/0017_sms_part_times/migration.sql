-- A centre may use its message ids again: a receipt from before does not belong to a later part.
-- AlterTable
ALTER TABLE "sms_part" ADD COLUMN "at" TIMESTAMPTZ(3) NOT NULL DEFAULT now();
