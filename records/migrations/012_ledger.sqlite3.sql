CREATE TRIGGER ledger_entries_update BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: write a correcting entry');
END;
CREATE TRIGGER ledger_entries_delete BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: write a correcting entry');
END;
-- REPLACE INTO deletes without the trigger above.
CREATE TRIGGER ledger_entries_replace BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: write a correcting entry');
END;
-- An entry of a balance transaction that is booked already is skipped.
CREATE TRIGGER ledger_entries_repeat BEFORE INSERT ON ledger_entries
WHEN NEW.source <> '' AND EXISTS (SELECT 1 FROM ledger_entries WHERE party = NEW.party AND source = NEW.source AND line = NEW.line AND source <> '')
BEGIN
    SELECT RAISE(IGNORE);
END;
CREATE TRIGGER ledger_entries_closed BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM ledger_periods WHERE ends_at > NEW.booked_at)
BEGIN
    SELECT RAISE(ABORT, 'the period is closed');
END;
CREATE TRIGGER ledger_periods_update BEFORE UPDATE ON ledger_periods
BEGIN
    SELECT RAISE(ABORT, 'a closed period stays closed');
END;
CREATE TRIGGER ledger_periods_delete BEFORE DELETE ON ledger_periods
BEGIN
    SELECT RAISE(ABORT, 'a closed period stays closed');
END;
CREATE TRIGGER ledger_periods_replace BEFORE INSERT ON ledger_periods
WHEN EXISTS (SELECT 1 FROM ledger_periods WHERE period = NEW.period)
BEGIN
    SELECT RAISE(ABORT, 'a closed period stays closed');
END;
CREATE TRIGGER ledger_settlements_update BEFORE UPDATE ON ledger_settlements
BEGIN
    SELECT RAISE(ABORT, 'an imported balance transaction is never changed');
END;
CREATE TRIGGER ledger_settlements_delete BEFORE DELETE ON ledger_settlements
BEGIN
    SELECT RAISE(ABORT, 'an imported balance transaction is never deleted');
END;
-- REPLACE INTO deletes without the trigger above; the same balance transaction again is
-- skipped.
CREATE TRIGGER ledger_settlements_repeat BEFORE INSERT ON ledger_settlements
WHEN EXISTS (SELECT 1 FROM ledger_settlements WHERE party = NEW.party AND id = NEW.id)
BEGIN
    SELECT RAISE(IGNORE);
END;
