-- How many receipts to cardholders somebody has sent on a day, for all relays of the database.
-- CreateTable
CREATE TABLE "receipt_share" (
    "day" DATE NOT NULL,
    "share" TEXT NOT NULL,
    "used" INTEGER NOT NULL,

    CONSTRAINT "receipt_share_pkey" PRIMARY KEY ("day","share")
);
