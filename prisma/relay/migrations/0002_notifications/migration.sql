-- CreateTable
CREATE TABLE "terminal_contact" (
    "terminal_id" TEXT NOT NULL,
    "phone" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,

    CONSTRAINT "terminal_contact_pkey" PRIMARY KEY ("terminal_id")
);

-- CreateTable
CREATE TABLE "notification" (
    "id" TEXT NOT NULL,
    "record_number" TEXT NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "payment_state" TEXT NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,
    "purpose" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'QUEUED',
    "reason" TEXT NOT NULL DEFAULT '',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "parts_sent" INTEGER NOT NULL DEFAULT 0,
    "sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "notification_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sms_part" (
    "route" TEXT NOT NULL,
    "message_id" TEXT NOT NULL,
    "notification_id" TEXT NOT NULL,
    "receipt" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "sms_part_pkey" PRIMARY KEY ("route","message_id")
);

-- CreateTable
CREATE TABLE "opt_out" (
    "address" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "opt_out_pkey" PRIMARY KEY ("address")
);

-- CreateIndex
CREATE INDEX "notification_record_number_idx" ON "notification"("record_number");

-- CreateIndex
CREATE INDEX "notification_changed_at_idx" ON "notification"("changed_at");

-- CreateIndex
CREATE INDEX "notification_address_sent_at_idx" ON "notification"("address", "sent_at");

-- CreateIndex
CREATE INDEX "sms_part_notification_id_idx" ON "sms_part"("notification_id");
