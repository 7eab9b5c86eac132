-- What the roles of processor and PIN service may do in the database that they share. Applied by the
-- owner after the migrations, any number of times. A table that is not named here fails
-- prisma/embedded/program-roles.test.ts.
REVOKE ALL ON ALL TABLES IN SCHEMA public, processor, pin
    FROM PUBLIC, cardlane_processor, cardlane_pin_service;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA processor, pin
    FROM PUBLIC, cardlane_processor, cardlane_pin_service;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA public, processor TO cardlane_processor, cardlane_pin_service;
GRANT SELECT ON public._prisma_migrations TO cardlane_processor, cardlane_pin_service;
-- Only ever added to.
GRANT SELECT, INSERT ON processor.audit_entry TO cardlane_processor, cardlane_pin_service;
GRANT EXECUTE ON FUNCTION processor.append_audit_entry
    TO cardlane_processor, cardlane_pin_service;

GRANT SELECT, INSERT ON
    processor.relay, processor.merchant, processor.reader, processor.terminal, processor.card,
    processor.account, processor.payment, processor.held_reversal, processor.refund_day
    TO cardlane_processor;
GRANT SELECT, UPDATE ON processor.registry_revision TO cardlane_processor;
-- Of what is written once, only what may become another.
GRANT UPDATE (hop_key_id, certificate, state) ON processor.relay TO cardlane_processor;
GRANT UPDATE (certificate_id, certificate, merchant_id, state) ON processor.reader
    TO cardlane_processor;
GRANT UPDATE (certificate_id, certificate, state, currencies, simulate_by_amount)
    ON processor.terminal TO cardlane_processor;
GRANT UPDATE (balance_minor, is_overspent, spent_day, spent_minor, spent_count, tapped_minor,
    tapped_count) ON processor.account TO cardlane_processor;
GRANT UPDATE (state, revision, acknowledged_revision, response_code, processor_time_ms, result,
    result_signature, result_key_id) ON processor.payment TO cardlane_processor;
GRANT UPDATE (state, decided_at_ms) ON processor.held_reversal TO cardlane_processor;
GRANT UPDATE (day, minor) ON processor.refund_day TO cardlane_processor;
-- Only ever added to.
GRANT SELECT, INSERT ON processor.posting TO cardlane_processor;
GRANT USAGE ON SEQUENCE processor.account_account_id_seq, processor.retrieval_reference_block
    TO cardlane_processor;

GRANT USAGE ON SCHEMA pin TO cardlane_pin_service;
GRANT SELECT, INSERT, UPDATE (pin_reference, tries_left) ON pin.card TO cardlane_pin_service;
-- A verdict that was given stays.
GRANT SELECT, INSERT ON pin.verdict TO cardlane_pin_service;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pin TO cardlane_pin_service;
