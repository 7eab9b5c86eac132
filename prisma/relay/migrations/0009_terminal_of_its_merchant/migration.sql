-- Each merchant numbers its own terminals.
-- AlterTable
ALTER TABLE "terminal" DROP CONSTRAINT "terminal_pkey";
ALTER TABLE "terminal" ADD CONSTRAINT "terminal_pkey" PRIMARY KEY ("merchant_id", "terminal_id");

-- A table of its own, in place of terminal_contact: to yesterday's programs, which still run while
-- this is applied, merchant_id would become ambiguous in the statement that completes a payment.
-- CreateTable
CREATE TABLE "contact" (
    "merchant_id" TEXT NOT NULL,
    "terminal_id" TEXT NOT NULL,
    "phone" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,

    CONSTRAINT "contact_pkey" PRIMARY KEY ("merchant_id", "terminal_id")
);

INSERT INTO "contact" ("merchant_id", "terminal_id", "phone", "email", "language", "time_zone")
SELECT "terminal"."merchant_id", "terminal_id", "phone", "email", "language", "time_zone"
FROM "terminal_contact" JOIN "terminal" USING ("terminal_id");

-- Retired is for ever, whoever writes.
CREATE FUNCTION "keep_retired"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is retired stays so for ever' USING ERRCODE = 'CL001';
END
$$;

CREATE TRIGGER "reader_stays_retired"
    BEFORE UPDATE ON "reader" FOR EACH ROW
    WHEN (OLD."state" = 'RETIRED' AND NEW."state" <> 'RETIRED')
    EXECUTE FUNCTION "keep_retired"();

CREATE TRIGGER "terminal_stays_retired"
    BEFORE UPDATE ON "terminal" FOR EACH ROW
    WHEN (OLD."state" = 'RETIRED' AND NEW."state" <> 'RETIRED')
    EXECUTE FUNCTION "keep_retired"();
