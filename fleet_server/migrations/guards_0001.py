"""What the database itself refuses since revision 0001: changing the audit log or a scan."""

from typing import Final

_AUDIT: Final = "audit_log is append-only"
_SCANS: Final = "a stored scan is never changed"
IMMUTABLE: Final = ("scans", "scan_keys", "scan_identities")

SQLITE: Final = (
    f"""CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
        BEGIN SELECT RAISE(ABORT, '{_AUDIT}'); END""",
    f"""CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
        BEGIN SELECT RAISE(ABORT, '{_AUDIT}'); END""",
    # INSERT OR REPLACE deletes without asking the trigger above.
    """CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
       WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END""",
    *(
        f"""CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
            BEGIN SELECT RAISE(ABORT, '{_SCANS}'); END"""
        for table in IMMUTABLE
    ),
)

POSTGRESQL: Final = (
    f"""CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_AUDIT}'; END $$""",
    f"""CREATE FUNCTION refuse_scan_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_SCANS}'; END $$""",
    """CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()""",
    *(
        f"""CREATE TRIGGER {table}_immutable BEFORE UPDATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_scan_change()"""
        for table in IMMUTABLE
    ),
)
