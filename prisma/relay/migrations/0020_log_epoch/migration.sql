-- The order of record_event holds within one server's history. When a relay finds another history
-- behind its database, as after a restore, it begins an epoch: the first bits of each sequence.
CREATE TABLE "log_epoch" (
    "epoch" INTEGER NOT NULL,
    "system_identifier" TEXT NOT NULL,
    "timeline" INTEGER NOT NULL,
    "ended_before" BIGINT NOT NULL,
    "raised_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "log_epoch_pkey" PRIMARY KEY ("epoch"),
    -- Ten bits of a sequence.
    CONSTRAINT "log_epoch_fits" CHECK ("epoch" BETWEEN 1 AND 1023)
);

-- Of which server nobody has said yet; sequences of releases before are in epoch 0. Nobody is told
-- of a new epoch: nothing was lost.
INSERT INTO "log_epoch" ("epoch", "system_identifier", "timeline", "ended_before", "raised_at")
VALUES (1, '', 0, 0, to_timestamp(0));

-- Relays of the release before write transaction ids, 20 bits to the left. Beside newer ones their
-- events would come before what was told already.
CREATE FUNCTION record_event_of_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."sequence" := ((SELECT max("epoch") FROM "log_epoch")::bigint << 53)
        + ((NEW."sequence" >> 20) << 16) + (NEW."sequence" & 65535);
    RETURN NEW;
END $$;

CREATE TRIGGER record_event_of_epoch
    BEFORE INSERT ON "record_event" FOR EACH ROW
    WHEN (NEW."sequence" < 9007199254740992) EXECUTE FUNCTION record_event_of_epoch();
