-- Up to where in the event log a relay instance knows that the processor has written down its
-- acknowledgements. After a restart it acknowledges what comes behind once more.
CREATE TABLE "acknowledgement_mark" (
    "instance" TEXT NOT NULL,
    "position" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "acknowledgement_mark_pkey" PRIMARY KEY ("instance")
);

-- What was committed before there were marks belongs to an instance that is away: the first relay
-- that starts acknowledges all of it once more.
INSERT INTO "acknowledgement_mark" ("instance", "position", "at")
SELECT '', 0, to_timestamp(0) WHERE EXISTS (SELECT FROM "record");
