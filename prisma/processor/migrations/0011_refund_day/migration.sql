-- What a merchant has refunded without a sale on its latest day of refunds, for the issuer's limit.
-- CreateTable
CREATE TABLE "processor"."refund_day" (
    "merchant_id" TEXT NOT NULL,
    "currency" INTEGER NOT NULL,
    "day" INTEGER NOT NULL,
    "minor" BIGINT NOT NULL,

    CONSTRAINT "refund_day_pkey" PRIMARY KEY ("merchant_id","currency")
);
