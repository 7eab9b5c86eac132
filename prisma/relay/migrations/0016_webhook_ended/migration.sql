-- AlterTable
ALTER TABLE "webhook" ADD COLUMN     "ended_at" TIMESTAMPTZ(3),
ADD COLUMN     "ended_because" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "paused_until" TIMESTAMPTZ(3);
