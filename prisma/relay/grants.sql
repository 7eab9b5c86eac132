-- What the relay's role may do in the relay's database. Applied by the owner after the migrations,
-- any number of times. A table that is not named here fails prisma/embedded/program-roles.test.ts.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, cardlane_relay;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC, cardlane_relay;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO cardlane_relay;

GRANT SELECT ON _prisma_migrations TO cardlane_relay;
GRANT SELECT, INSERT ON record, sealed_payment, reader, terminal TO cardlane_relay;
GRANT SELECT, UPDATE ON registry_revision, event_log TO cardlane_relay;
GRANT SELECT, INSERT, DELETE ON
    acknowledgement_mark, contact, terminal_contact, notification, sms_part, opt_out, receipt_share,
    webhook, webhook_delivery TO cardlane_relay;
-- Of what is written once, only what may become another. Of an id that was cancelled before its
-- payment came, the payment comes later.
GRANT UPDATE (state, forwarded_at, completed_at, due_at, lease_owner, claim_number,
    reversal_attempts, reverse, reverse_signature, reader_payment, reader_signature, fault_code,
    revision, response_code, approval_code, retrieval_reference, approved_amount_minor, last_four,
    scheme, result, result_signature, result_key_id, digest, context_digest, kind, total_minor,
    tip_minor, cashback_minor, surcharge_minor, currency, terminal_id, reader_serial, entry_mode,
    trace_number, original_payment_id) ON record TO cardlane_relay;
GRANT UPDATE (state, model, merchant_id, certificate_id, certificate, not_after) ON reader
    TO cardlane_relay;
GRANT UPDATE (state, merchant_name, currencies, certificate_id, certificate, not_after) ON terminal
    TO cardlane_relay;
GRANT UPDATE (phone, email, language, time_zone) ON contact, terminal_contact TO cardlane_relay;
GRANT UPDATE (state, reason, attempts, parts_sent, sent_at) ON notification TO cardlane_relay;
GRANT UPDATE (notification_id, receipt, at) ON sms_part TO cardlane_relay;
GRANT UPDATE (position, at) ON acknowledgement_mark TO cardlane_relay;
GRANT UPDATE (used) ON receipt_share TO cardlane_relay;
GRANT UPDATE (after_sequence, ended_at, ended_because, paused_until) ON webhook TO cardlane_relay;
GRANT UPDATE (delivered_at, attempts, reason) ON webhook_delivery TO cardlane_relay;
GRANT SELECT, INSERT, DELETE ON record_event TO cardlane_relay;
GRANT SELECT, INSERT, UPDATE (system_identifier, timeline) ON log_epoch TO cardlane_relay;
GRANT EXECUTE ON FUNCTION record_event_of_epoch, remove_old_records, empty_sealed_slot TO cardlane_relay;
-- Only ever added to.
GRANT SELECT, INSERT ON audit_entry TO cardlane_relay;
GRANT EXECUTE ON FUNCTION append_audit_entry TO cardlane_relay;

-- The job queue. Its tables have row level security, and let in nobody but their owner.
GRANT USAGE ON SCHEMA graphile_worker TO cardlane_relay;
GRANT SELECT ON graphile_worker.migrations TO cardlane_relay;
GRANT SELECT, INSERT, UPDATE, DELETE ON graphile_worker._private_jobs,
    graphile_worker._private_job_queues, graphile_worker._private_tasks,
    graphile_worker._private_known_crontabs, graphile_worker.jobs TO cardlane_relay;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA graphile_worker TO cardlane_relay;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA graphile_worker FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA graphile_worker TO cardlane_relay;
DROP POLICY IF EXISTS cardlane_relay ON graphile_worker._private_jobs;
CREATE POLICY cardlane_relay ON graphile_worker._private_jobs TO cardlane_relay USING (true);
DROP POLICY IF EXISTS cardlane_relay ON graphile_worker._private_job_queues;
CREATE POLICY cardlane_relay ON graphile_worker._private_job_queues TO cardlane_relay USING (true);
DROP POLICY IF EXISTS cardlane_relay ON graphile_worker._private_tasks;
CREATE POLICY cardlane_relay ON graphile_worker._private_tasks TO cardlane_relay USING (true);
DROP POLICY IF EXISTS cardlane_relay ON graphile_worker._private_known_crontabs;
CREATE POLICY cardlane_relay ON graphile_worker._private_known_crontabs
    TO cardlane_relay USING (true);
