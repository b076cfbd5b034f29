-- Cells that say that nothing was measured; and what changed, old to new, by a newer file, a fix or a correction.
CREATE TABLE not_done (
    study VARCHAR NOT NULL,
    usubjid VARCHAR NOT NULL,
    paramcd VARCHAR NOT NULL,
    avisit VARCHAR,
    day INTEGER,
    reported VARCHAR NOT NULL,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL
);
-- The subject that a finding is about, where the study knows it.
ALTER TABLE rejected_row ADD COLUMN usubjid VARCHAR;
ALTER TABLE import_warning ADD COLUMN usubjid VARCHAR;
CREATE TABLE change (
    batch INTEGER NOT NULL,
    study VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    usubjid VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    day INTEGER,
    avisit VARCHAR,
    before VARCHAR,
    after VARCHAR,
    cause VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    line INTEGER NOT NULL
);
