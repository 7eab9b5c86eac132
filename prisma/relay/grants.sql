-- What the relay's role may do in the relay's database. Applied by the owner after the migrations,
-- any number of times. A table that is not named here fails prisma/embedded/program-roles.test.ts.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, cardlane_relay;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC, cardlane_relay;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO cardlane_relay;

GRANT SELECT ON _prisma_migrations TO cardlane_relay;
GRANT SELECT, INSERT, UPDATE ON
    record, reader, terminal, registry_revision, event_log TO cardlane_relay;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    contact, terminal_contact, notification, sms_part, opt_out, receipt_share,
    webhook, webhook_delivery TO cardlane_relay;
GRANT SELECT, INSERT, DELETE ON record_event TO cardlane_relay;
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
