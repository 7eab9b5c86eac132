/** From here on a relay's database takes no approval, so that none is told or acknowledged. */
export const REFUSE_APPROVALS = `
  CREATE FUNCTION refuse_approval() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER no_approvals BEFORE UPDATE ON record
    FOR EACH ROW WHEN (NEW.state = 'APPROVED') EXECUTE FUNCTION refuse_approval()`;

export const TAKE_APPROVALS = "DROP TRIGGER IF EXISTS no_approvals ON record";
