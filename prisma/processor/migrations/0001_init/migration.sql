CREATE SCHEMA IF NOT EXISTS "processor";
CREATE SCHEMA IF NOT EXISTS "pin";

-- Who is served -----------------------------------------------------------------------------------

CREATE TABLE "processor"."relay" (
    "relay_id" TEXT NOT NULL,
    "hop_key_id" BYTEA NOT NULL,
    "certificate" BYTEA NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('ACTIVE', 'SUSPENDED', 'RETIRED')),

    CONSTRAINT "relay_pkey" PRIMARY KEY ("relay_id")
);
CREATE UNIQUE INDEX "relay_hop_key_id_key" ON "processor"."relay"("hop_key_id");

CREATE TABLE "processor"."merchant" (
    "merchant_id" TEXT NOT NULL,
    "currencies" INTEGER[] NOT NULL,
    "simulate_by_amount" BOOLEAN NOT NULL,

    CONSTRAINT "merchant_pkey" PRIMARY KEY ("merchant_id")
);

CREATE TABLE "processor"."reader" (
    "reader_serial" TEXT NOT NULL,
    "certificate_id" BYTEA NOT NULL,
    "certificate" BYTEA NOT NULL,
    "merchant_id" TEXT NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('ACTIVE', 'SUSPENDED', 'RETIRED')),

    CONSTRAINT "reader_pkey" PRIMARY KEY ("reader_serial")
);
CREATE UNIQUE INDEX "reader_certificate_id_key" ON "processor"."reader"("certificate_id");

CREATE TABLE "processor"."terminal" (
    "merchant_id" TEXT NOT NULL,
    "terminal_id" TEXT NOT NULL,
    "certificate_id" BYTEA NOT NULL,
    "certificate" BYTEA NOT NULL,
    "state" TEXT NOT NULL CHECK ("state" IN ('ACTIVE', 'SUSPENDED', 'RETIRED')),

    CONSTRAINT "terminal_pkey" PRIMARY KEY ("merchant_id", "terminal_id")
);
CREATE UNIQUE INDEX "terminal_certificate_id_key" ON "processor"."terminal"("certificate_id");

-- Cards and accounts ------------------------------------------------------------------------------

CREATE TABLE "processor"."card" (
    "pan_token" BYTEA NOT NULL CHECK (length("pan_token") = 32),
    "last_four" TEXT NOT NULL CHECK (length("last_four") = 4),
    "scheme" TEXT NOT NULL,
    "status" TEXT NOT NULL
        CHECK ("status" IN ('ACTIVE', 'BLOCKED', 'LOST', 'STOLEN', 'FAULTY')),
    "expiration_date" TEXT NOT NULL CHECK ("expiration_date" ~ '^\d{4}$'),
    "is_pin_required_on_tap" BOOLEAN NOT NULL,
    "is_refundable" BOOLEAN NOT NULL,
    -- What each of its accounts, one per currency, may be overdrawn by.
    "credit_minor" BIGINT NOT NULL CHECK ("credit_minor" >= 0),
    -- Limits of each of its accounts for one day; NULL: none.
    "daily_amount_minor_max" BIGINT,
    "daily_count_max" INTEGER,

    CONSTRAINT "card_pkey" PRIMARY KEY ("pan_token")
);

-- balance_minor is always the sum of the account's postings, and starts at 0. The CHECKs are what
-- holds when two processors decide at the same time: the later statement fails and is decided
-- again.
CREATE TABLE "processor"."account" (
    "account_id" BIGINT GENERATED ALWAYS AS IDENTITY,
    "kind" TEXT NOT NULL CHECK ("kind" IN ('CARDHOLDER', 'MERCHANT', 'CLEARING')),
    -- The pan_token, the merchant_id in ASCII, or nothing for the clearing account.
    "holder" BYTEA NOT NULL,
    "currency" INTEGER NOT NULL CHECK ("currency" BETWEEN 1 AND 999),
    "balance_minor" BIGINT NOT NULL DEFAULT 0,
    -- How far spending may take the balance below zero; NULL for all but cardholders.
    "credit_minor" BIGINT,
    -- Said by the statement that spends: whether it went too far. Nothing else is refused: a
    -- reversed refund is taken back even when it was spent already.
    "is_overspent" BOOLEAN NOT NULL DEFAULT false,
    "daily_amount_minor_max" BIGINT,
    "daily_count_max" INTEGER,
    -- What was spent on spent_day, YYYYMMDD; a later day starts at zero.
    "spent_day" INTEGER NOT NULL DEFAULT 0,
    "spent_minor" BIGINT NOT NULL DEFAULT 0 CHECK ("spent_minor" >= 0),
    "spent_count" INTEGER NOT NULL DEFAULT 0 CHECK ("spent_count" >= 0),

    CONSTRAINT "account_pkey" PRIMARY KEY ("account_id"),
    CONSTRAINT "account_is_not_overspent" CHECK (NOT "is_overspent"),
    CONSTRAINT "account_is_within_daily_amount" CHECK ("spent_minor" <= "daily_amount_minor_max"),
    CONSTRAINT "account_is_within_daily_count" CHECK ("spent_count" <= "daily_count_max")
) WITH (fillfactor = 50); -- Hot rows are updated in place, without touching an index.
CREATE UNIQUE INDEX "account_kind_holder_currency_key"
    ON "processor"."account"("kind", "holder", "currency");

-- Payments and postings ---------------------------------------------------------------------------

CREATE TABLE "processor"."payment" (
    "merchant_id" TEXT NOT NULL,
    "payment_id" UUID NOT NULL,
    "digest" BYTEA NOT NULL CHECK (length("digest") = 64),
    -- TOMBSTONE: reversed before it ever came; a late original finds it and posts nothing.
    "state" TEXT NOT NULL
        CHECK ("state" IN ('APPROVED', 'AUTHORIZED', 'DECLINED', 'REVERSED', 'TOMBSTONE')),
    "relay_id" TEXT NOT NULL,
    "record_number" TEXT NOT NULL,
    "reader_serial" TEXT NOT NULL,
    -- NULL in a tombstone, which uses up no counter.
    "signing_key_id" BYTEA,
    "counter" BIGINT,
    "kind" TEXT NOT NULL,
    "currency" INTEGER NOT NULL,
    "total_minor" BIGINT NOT NULL,
    "tip_minor" BIGINT NOT NULL,
    "cashback_minor" BIGINT NOT NULL,
    "surcharge_minor" BIGINT NOT NULL,
    -- What was approved, also after its reversal.
    "approved_minor" BIGINT NOT NULL,
    "response_code" TEXT NOT NULL,
    "settlement_date" INTEGER NOT NULL,
    "processor_time_ms" BIGINT NOT NULL,
    -- The answer as it was signed, repeated as it is.
    "result" BYTEA NOT NULL,
    "result_signature" BYTEA NOT NULL,
    "result_key_id" BYTEA NOT NULL,
    "revision" INTEGER NOT NULL CHECK ("revision" >= 1),
    -- The revision that the relay has committed; from there on it may not reverse.
    "acknowledged_revision" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "payment_pkey" PRIMARY KEY ("merchant_id", "payment_id"),
    CONSTRAINT "payment_approves_no_more_than_signed"
        CHECK ("approved_minor" BETWEEN 0 AND "total_minor"),
    CONSTRAINT "payment_is_signed_unless_tombstone"
        CHECK (("state" = 'TOMBSTONE') = ("signing_key_id" IS NULL)
           AND ("state" = 'TOMBSTONE') = ("counter" IS NULL))
) WITH (fillfactor = 60); -- Room for the acknowledgement beside the row.
CREATE UNIQUE INDEX "payment_signing_key_id_counter_key"
    ON "processor"."payment"("signing_key_id", "counter");

-- One row per transfer, written once. No foreign keys: rows come only from the one statement that
-- has just read the accounts and written the payment, and each key would cost a lookup per row.
CREATE TABLE "processor"."posting" (
    "merchant_id" TEXT NOT NULL,
    "payment_id" UUID NOT NULL,
    "kind" TEXT NOT NULL CHECK ("kind" IN ('SALE', 'AUTHORIZATION', 'REFUND', 'REVERSAL')),
    "debit_account" BIGINT NOT NULL,
    "credit_account" BIGINT NOT NULL CHECK ("credit_account" <> "debit_account"),
    "amount_minor" BIGINT NOT NULL CHECK ("amount_minor" > 0),
    "currency" INTEGER NOT NULL,
    "settlement_date" INTEGER NOT NULL,

    CONSTRAINT "posting_pkey" PRIMARY KEY ("merchant_id", "payment_id", "kind")
);

CREATE FUNCTION "processor"."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'postings are only ever added' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER "posting_is_append_only"
    BEFORE UPDATE OR DELETE OR TRUNCATE ON "processor"."posting"
    FOR EACH STATEMENT EXECUTE FUNCTION "processor"."refuse_change"();

-- Each number stands for a block of a thousand retrieval references (DE 37) of one instance.
CREATE SEQUENCE "processor"."retrieval_reference_block" MINVALUE 0 START 0 MAXVALUE 999999998 CYCLE;

-- PINs: another program's, which alone may read and write here ------------------------------------

CREATE TABLE "pin"."card" (
    "card_token" BYTEA NOT NULL CHECK (length("card_token") = 32),
    "pin_reference" BYTEA NOT NULL CHECK (length("pin_reference") = 32),
    "tries_left" SMALLINT NOT NULL DEFAULT 3 CHECK ("tries_left" BETWEEN 0 AND 3),

    CONSTRAINT "card_pkey" PRIMARY KEY ("card_token")
);

-- A key serial number serves one PIN: its verdict is kept, and repeated for the same payment.
CREATE TABLE "pin"."verdict" (
    "ksn" BYTEA NOT NULL CHECK (length("ksn") = 12),
    "digest" BYTEA NOT NULL CHECK (length("digest") = 64),
    "verdict" TEXT NOT NULL CHECK ("verdict" IN ('VERIFIED', 'WRONG', 'TRIES_EXCEEDED')),
    "tries_left" SMALLINT NOT NULL,

    CONSTRAINT "verdict_pkey" PRIMARY KEY ("ksn")
);

-- Settles a batch of PINs, of which it is known already whether they are right; card by card, so
-- that two batches take their locks in one order, and for a card in the order they came. A key
-- serial number that was settled before gets its verdict again (REFUSED for another payment); else
-- the try is counted on the card's locked row.
CREATE FUNCTION "pin"."settle"(
    ksns BYTEA[], digests BYTEA[], card_tokens BYTEA[], are_right BOOLEAN[]
) RETURNS TABLE ("position" BIGINT, "verdict" TEXT, "tries_left" SMALLINT)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    item RECORD;
    settled RECORD;
    tries SMALLINT;
    said TEXT;
BEGIN
    FOR item IN
        SELECT * FROM unnest(ksns, digests, card_tokens, are_right)
            WITH ORDINALITY AS given(ksn, digest, card_token, is_right, place)
        ORDER BY card_token, place
    LOOP
        SELECT card.tries_left INTO STRICT tries
            FROM "pin"."card" card WHERE card.card_token = item.card_token FOR UPDATE;
        -- Read after the lock: a rival that settled this number meanwhile has committed.
        SELECT known.digest, known.verdict, known.tries_left INTO settled
            FROM "pin"."verdict" known WHERE known.ksn = item.ksn;
        IF FOUND THEN
            said := CASE WHEN settled.digest = item.digest THEN settled.verdict ELSE 'REFUSED' END;
            tries := settled.tries_left;
        ELSE
            said := CASE WHEN tries = 0 THEN 'TRIES_EXCEEDED'
                         WHEN item.is_right THEN 'VERIFIED' ELSE 'WRONG' END;
            tries := CASE said WHEN 'VERIFIED' THEN 3 WHEN 'WRONG' THEN tries - 1 ELSE 0 END;
            INSERT INTO "pin"."verdict" VALUES (item.ksn, item.digest, said, tries);
            UPDATE "pin"."card" card SET tries_left = tries
                WHERE card.card_token = item.card_token AND card.tries_left <> tries;
        END IF;
        RETURN QUERY SELECT item.place, said, tries;
    END LOOP;
END
$$;
