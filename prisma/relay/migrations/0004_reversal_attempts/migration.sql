-- AlterTable
ALTER TABLE "record" ADD COLUMN     "reversal_attempts" INTEGER NOT NULL DEFAULT 0;

-- What follows Prisma has no words for.

-- Open reversals are few among all records; this one finds them in the order in which they are due.
CREATE INDEX "record_reversing_due_at_idx" ON "record"("due_at") WHERE "state" = 'REVERSING';
