-- Orders to undo an approved payment that wait for an operator: of a relay that is not active, or
-- later than a processor undoes a payment by itself. A row stays, as what was decided and when.
CREATE TABLE "processor"."held_reversal" (
    "merchant_id" TEXT NOT NULL,
    "payment_id" UUID NOT NULL,
    -- As ordered.
    "relay_id" TEXT NOT NULL,
    "record_number" TEXT NOT NULL,
    "digest" BYTEA NOT NULL CHECK (length("digest") = 64),
    -- When it came first, by the processor's clock.
    "ordered_at_ms" BIGINT NOT NULL,
    "reason" TEXT NOT NULL CHECK ("reason" IN ('RELAY_NOT_ACTIVE', 'LATE')),
    "state" TEXT NOT NULL DEFAULT 'WAITING'
        CHECK ("state" IN ('WAITING', 'RELEASED', 'REFUSED')),
    "decided_at_ms" BIGINT,

    CONSTRAINT "held_reversal_pkey" PRIMARY KEY ("merchant_id", "payment_id"),
    CONSTRAINT "held_reversal_is_decided_once"
        CHECK (("state" = 'WAITING') = ("decided_at_ms" IS NULL))
);

-- Whose PIN it was, and of which payment: an operator names a payment to unlock its card. NULL:
-- written by an earlier release.
ALTER TABLE "pin"."verdict" ADD COLUMN "card_token" BYTEA, ADD COLUMN "payment_id" UUID;

-- Reminds the database of a wrong PIN that a PIN service has kept outside of it. A database that
-- does not know its verdict was restored to a moment before: the tries are then as few as they were.
-- One that knows it knows as well what came after, and stays as it is.
CREATE FUNCTION "pin"."recall"(
    card_token BYTEA, kept_ksn BYTEA, kept_digest BYTEA, kept_payment UUID, kept_tries INTEGER
) RETURNS VOID
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    -- In the order in which settle locks: the card, then its verdicts.
    PERFORM FROM "pin"."card" card WHERE card.card_token = card_token FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO "pin"."verdict" (ksn, digest, verdict, tries_left, card_token, payment_id)
        VALUES (kept_ksn, kept_digest, 'WRONG', kept_tries, card_token, kept_payment)
        ON CONFLICT DO NOTHING;
    IF FOUND THEN
        UPDATE "pin"."card" card SET tries_left = kept_tries
            WHERE card.card_token = card_token AND card.tries_left > kept_tries;
    END IF;
END
$$;

-- As before, with what the PIN service has kept of each card's wrong PINs; NULL where that is
-- nothing. The tries are the fewer ones of both.
CREATE FUNCTION "pin"."settle"(
    ksns BYTEA[], digests BYTEA[], payment_ids UUID[], card_tokens BYTEA[], pin_references BYTEA[],
    kept_ksns BYTEA[], kept_digests BYTEA[], kept_payments UUID[], kept_tries INTEGER[]
) RETURNS TABLE ("position" BIGINT, "verdict" TEXT, "tries_left" SMALLINT, "is_repeated" BOOLEAN)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    item RECORD;
    settled RECORD;
    is_right BOOLEAN;
    tries SMALLINT;
    said TEXT;
    is_known BOOLEAN;
BEGIN
    FOR item IN
        SELECT * FROM unnest(ksns, digests, payment_ids, card_tokens, pin_references,
                kept_ksns, kept_digests, kept_payments, kept_tries)
            WITH ORDINALITY AS given(ksn, digest, payment_id, card_token, pin_reference,
                kept_ksn, kept_digest, kept_payment, kept_left, place)
        ORDER BY card_token, place
    LOOP
        IF item.kept_ksn IS NOT NULL THEN
            PERFORM "pin"."recall"(
                item.card_token, item.kept_ksn, item.kept_digest, item.kept_payment,
                item.kept_left);
        END IF;
        SELECT card.tries_left, card.pin_reference = item.pin_reference INTO tries, is_right
            FROM "pin"."card" card WHERE card.card_token = item.card_token FOR UPDATE;
        IF NOT FOUND THEN
            RETURN QUERY SELECT item.place, 'REFUSED', 0::SMALLINT, false;
            CONTINUE;
        END IF;
        -- Read after the lock: a rival that settled this number meanwhile has committed.
        SELECT known.digest, known.verdict, known.tries_left INTO settled
            FROM "pin"."verdict" known WHERE known.ksn = item.ksn;
        is_known := FOUND;
        IF is_known THEN
            said := CASE WHEN settled.digest = item.digest THEN settled.verdict ELSE 'REFUSED' END;
            tries := settled.tries_left;
        ELSE
            said := CASE WHEN tries = 0 THEN 'TRIES_EXCEEDED'
                         WHEN is_right THEN 'VERIFIED' ELSE 'WRONG' END;
            tries := CASE said WHEN 'VERIFIED' THEN 3 WHEN 'WRONG' THEN tries - 1 ELSE 0 END;
            INSERT INTO "pin"."verdict" (ksn, digest, verdict, tries_left, card_token, payment_id)
                VALUES (item.ksn, item.digest, said, tries, item.card_token, item.payment_id);
            UPDATE "pin"."card" card SET tries_left = tries
                WHERE card.card_token = item.card_token AND card.tries_left <> tries;
        END IF;
        RETURN QUERY SELECT item.place, said, tries, is_known;
    END LOOP;
END
$$;
