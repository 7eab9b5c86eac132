-- Settles a batch of PINs in one go; card by card, so that two batches take their locks in one
-- order, and for a card in the order they came. A PIN is right when its reference is the card's,
-- compared on the card's locked row. The time that this takes tells nothing: without the key
-- nobody can choose what a reference begins with. For a card that is not known a PIN is REFUSED, and
-- nothing is counted or kept. A key serial number that was settled before gets its verdict again
-- (REFUSED for another payment); else the try is counted on the card's locked row.
CREATE FUNCTION "pin"."settle"(
    ksns BYTEA[], digests BYTEA[], card_tokens BYTEA[], pin_references BYTEA[]
) RETURNS TABLE ("position" BIGINT, "verdict" TEXT, "tries_left" SMALLINT)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    item RECORD;
    settled RECORD;
    is_right BOOLEAN;
    tries SMALLINT;
    said TEXT;
BEGIN
    FOR item IN
        SELECT * FROM unnest(ksns, digests, card_tokens, pin_references)
            WITH ORDINALITY AS given(ksn, digest, card_token, pin_reference, place)
        ORDER BY card_token, place
    LOOP
        SELECT card.tries_left, card.pin_reference = item.pin_reference INTO tries, is_right
            FROM "pin"."card" card WHERE card.card_token = item.card_token FOR UPDATE;
        IF NOT FOUND THEN
            RETURN QUERY SELECT item.place, 'REFUSED', 0::SMALLINT;
            CONTINUE;
        END IF;
        -- Read after the lock: a rival that settled this number meanwhile has committed.
        SELECT known.digest, known.verdict, known.tries_left INTO settled
            FROM "pin"."verdict" known WHERE known.ksn = item.ksn;
        IF FOUND THEN
            said := CASE WHEN settled.digest = item.digest THEN settled.verdict ELSE 'REFUSED' END;
            tries := settled.tries_left;
        ELSE
            said := CASE WHEN tries = 0 THEN 'TRIES_EXCEEDED'
                         WHEN is_right THEN 'VERIFIED' ELSE 'WRONG' END;
            tries := CASE said WHEN 'VERIFIED' THEN 3 WHEN 'WRONG' THEN tries - 1 ELSE 0 END;
            INSERT INTO "pin"."verdict" VALUES (item.ksn, item.digest, said, tries);
            UPDATE "pin"."card" card SET tries_left = tries
                WHERE card.card_token = item.card_token AND card.tries_left <> tries;
        END IF;
        RETURN QUERY SELECT item.place, said, tries;
    END LOOP;
END
$$;

DROP FUNCTION "pin"."settle"(BYTEA[], BYTEA[], BYTEA[], BOOLEAN[]);
