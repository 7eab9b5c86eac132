-- What operators did, in the order in which they did it. Nothing of it is ever changed or removed.
-- CreateTable
CREATE TABLE "audit_entry" (
    "sequence" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "program" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "request_digest" BYTEA NOT NULL,
    "step" TEXT NOT NULL,
    "of_sequence" BIGINT,
    "outcome" TEXT NOT NULL,
    "previous_hash" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("sequence"),
    CONSTRAINT "audit_entry_step" CHECK ("step" IN ('PROPOSED', 'BEGUN', 'DONE', 'REFUSED')),
    CONSTRAINT "audit_entry_hashes" CHECK (length("request_digest") = 32
        AND length("previous_hash") = 32 AND length("hash") = 32)
);

-- One end of what was begun; one second operator of what was proposed.
-- CreateIndex
CREATE UNIQUE INDEX "audit_entry_of_sequence_key" ON "audit_entry"("of_sequence");

-- CreateIndex
CREATE INDEX "audit_entry_request_digest_idx" ON "audit_entry"("request_digest");

CREATE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the operators'' log is only ever added to' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER "audit_entry_is_append_only"
    BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_entry"
    FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"();

-- One after the other, by a lock: each entry's hash has that of the entry before in it. No row comes
-- back when another entry has carried on the same one.
CREATE FUNCTION "append_audit_entry"(
    "at" TIMESTAMPTZ, "program" TEXT, "actor" TEXT, "address" TEXT, "method" TEXT, "subject" TEXT,
    "request_digest" BYTEA, "step" TEXT, "of_sequence" BIGINT, "outcome" TEXT, "details_digest" BYTEA
) RETURNS TABLE ("sequence" BIGINT, "hash" BYTEA) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    "next" BIGINT;
    "previous" BYTEA;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_entry'));
    SELECT "last"."sequence" + 1, "last"."hash" INTO "next", "previous"
    FROM "audit_entry" AS "last" ORDER BY "last"."sequence" DESC LIMIT 1;
    "next" := coalesce("next", 1);
    "previous" := coalesce("previous", decode(repeat('00', 32), 'hex'));
    RETURN QUERY INSERT INTO "audit_entry" AS "added" VALUES (
        "next", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "previous",
        sha256("previous" || int8send("next") || $11)
    ) ON CONFLICT ("of_sequence") DO NOTHING RETURNING "added"."sequence", "added"."hash";
END
$$;
