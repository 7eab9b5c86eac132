-- CreateTable
CREATE TABLE "event_log" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "trimmed_up_to" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_log_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "event_log_is_one" CHECK ("id" = 1)
);

-- What was removed before this was counted is not known: as if it was all up to the oldest.
INSERT INTO "event_log" ("trimmed_up_to")
SELECT coalesce(min("sequence"), 0) FROM "record_event";
