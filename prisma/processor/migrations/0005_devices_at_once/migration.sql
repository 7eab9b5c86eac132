-- What a terminal may charge in is its own: another one of the same merchant changes nothing of it.
-- AlterTable
ALTER TABLE "processor"."terminal"
    ADD COLUMN "currencies" INTEGER[] NOT NULL DEFAULT '{}',
    ADD COLUMN "simulate_by_amount" BOOLEAN NOT NULL DEFAULT false;

UPDATE "processor"."terminal" SET
    "currencies" = "merchant"."currencies",
    "simulate_by_amount" = "merchant"."simulate_by_amount"
FROM "processor"."merchant" WHERE "merchant"."merchant_id" = "terminal"."merchant_id";

-- CreateTable
CREATE TABLE "processor"."registry_revision" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "revision" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "registry_revision_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "registry_revision_is_one" CHECK ("id" = 1)
);

INSERT INTO "processor"."registry_revision" DEFAULT VALUES;

-- A row and not a sequence: its number is seen when what it counts is, at the commit.
CREATE FUNCTION "processor"."count_registry_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "processor"."registry_revision" SET "revision" = "revision" + 1;
    RETURN NULL;
END
$$;

-- An UPDATE counts by its rows: the statement that reads payments suspends copied readers, and nearly
-- always there is none.
CREATE TRIGGER "relay_change_is_counted"
    AFTER INSERT OR DELETE OR TRUNCATE ON "processor"."relay"
    FOR EACH STATEMENT EXECUTE FUNCTION "processor"."count_registry_change"();

CREATE TRIGGER "relay_update_is_counted"
    AFTER UPDATE ON "processor"."relay" FOR EACH ROW
    WHEN (OLD IS DISTINCT FROM NEW)
    EXECUTE FUNCTION "processor"."count_registry_change"();

CREATE TRIGGER "reader_change_is_counted"
    AFTER INSERT OR DELETE OR TRUNCATE ON "processor"."reader"
    FOR EACH STATEMENT EXECUTE FUNCTION "processor"."count_registry_change"();

CREATE TRIGGER "reader_update_is_counted"
    AFTER UPDATE ON "processor"."reader" FOR EACH ROW
    WHEN (OLD IS DISTINCT FROM NEW)
    EXECUTE FUNCTION "processor"."count_registry_change"();

CREATE TRIGGER "terminal_change_is_counted"
    AFTER INSERT OR DELETE OR TRUNCATE ON "processor"."terminal"
    FOR EACH STATEMENT EXECUTE FUNCTION "processor"."count_registry_change"();

CREATE TRIGGER "terminal_update_is_counted"
    AFTER UPDATE ON "processor"."terminal" FOR EACH ROW
    WHEN (OLD IS DISTINCT FROM NEW)
    EXECUTE FUNCTION "processor"."count_registry_change"();

-- Retired is for ever, whoever writes.
CREATE FUNCTION "processor"."keep_retired"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is retired stays so for ever' USING ERRCODE = 'CL001';
END
$$;

CREATE TRIGGER "relay_stays_retired"
    BEFORE UPDATE ON "processor"."relay" FOR EACH ROW
    WHEN (OLD."state" = 'RETIRED' AND NEW."state" <> 'RETIRED')
    EXECUTE FUNCTION "processor"."keep_retired"();

CREATE TRIGGER "reader_stays_retired"
    BEFORE UPDATE ON "processor"."reader" FOR EACH ROW
    WHEN (OLD."state" = 'RETIRED' AND NEW."state" <> 'RETIRED')
    EXECUTE FUNCTION "processor"."keep_retired"();

CREATE TRIGGER "terminal_stays_retired"
    BEFORE UPDATE ON "processor"."terminal" FOR EACH ROW
    WHEN (OLD."state" = 'RETIRED' AND NEW."state" <> 'RETIRED')
    EXECUTE FUNCTION "processor"."keep_retired"();
