-- CreateTable
CREATE TABLE "registry_revision" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "revision" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "registry_revision_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "registry_revision_is_one" CHECK ("id" = 1)
);

INSERT INTO "registry_revision" DEFAULT VALUES;

-- A row and not a sequence: its number is seen when what it counts is, at the commit.
CREATE FUNCTION "count_registry_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE "registry_revision" SET "revision" = "revision" + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER "reader_change_is_counted"
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "reader"
    FOR EACH STATEMENT EXECUTE FUNCTION "count_registry_change"();

CREATE TRIGGER "terminal_change_is_counted"
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "terminal"
    FOR EACH STATEMENT EXECUTE FUNCTION "count_registry_change"();
