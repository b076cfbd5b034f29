-- The observed data of every study. Rows are never updated in place: a new revision holds the change.
CREATE TABLE study (
    study VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    simulated BOOLEAN NOT NULL,
    config VARCHAR NOT NULL
);
CREATE TABLE visits (
    study VARCHAR NOT NULL,
    avisit VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    target_day INTEGER,
    first_day INTEGER,
    last_day INTEGER
);
CREATE TABLE subjects (
    study VARCHAR NOT NULL,
    usubjid VARCHAR NOT NULL,
    arm VARCHAR,
    site VARCHAR,
    age DOUBLE,
    sex VARCHAR,
    etiology VARCHAR,
    time_zero_date DATE,
    last_contact_day INTEGER,
    cut_day INTEGER,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL
);
CREATE TABLE measurements (
    study VARCHAR NOT NULL,
    usubjid VARCHAR NOT NULL,
    paramcd VARCHAR NOT NULL,
    avisit VARCHAR,
    day INTEGER,
    aval DOUBLE,
    avalc VARCHAR,
    reported VARCHAR NOT NULL,
    reported_unit VARCHAR,
    ref_low DOUBLE,
    ref_high DOUBLE,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL
);
CREATE TABLE treatments (
    study VARCHAR NOT NULL,
    usubjid VARCHAR NOT NULL,
    day INTEGER,
    product VARCHAR,
    route VARCHAR,
    cells_e6 DOUBLE,
    cells_e6_per_kg DOUBLE,
    volume_ml DOUBLE,
    viability_pct DOUBLE,
    isolated_cells_e6 DOUBLE,
    recovery_pct DOUBLE,
    cd34_e6 DOUBLE,
    cd45_e6 DOUBLE,
    cd117_e6 DOUBLE,
    cd133_e6 DOUBLE,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL
);
CREATE TABLE medications (
    study VARCHAR NOT NULL,
    usubjid VARCHAR NOT NULL,
    drug VARCHAR NOT NULL,
    start_day INTEGER,
    end_day INTEGER,
    daily_dose DOUBLE,
    unit VARCHAR,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL
);
CREATE TABLE events (
    study VARCHAR NOT NULL,
    usubjid VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    day INTEGER,
    grade INTEGER,
    serious BOOLEAN,
    related BOOLEAN,
    value DOUBLE,
    unit VARCHAR,
    text VARCHAR,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL
);
CREATE TABLE statements (
    study VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    time VARCHAR,
    n INTEGER,
    of_n INTEGER,
    text VARCHAR NOT NULL,
    source VARCHAR,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL
);
CREATE TABLE protocol (
    study VARCHAR NOT NULL,
    section VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    operator VARCHAR,
    value VARCHAR,
    unit VARCHAR,
    source VARCHAR,
    note VARCHAR,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL
);
CREATE TABLE import_batch (
    batch INTEGER NOT NULL,
    study VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    file_name VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    mapping VARCHAR NOT NULL,
    rows_read INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    imported_at TIMESTAMP NOT NULL,
    who VARCHAR NOT NULL,
    revision VARCHAR NOT NULL
);
CREATE TABLE rejected_row (
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL,
    "column" VARCHAR NOT NULL,
    value VARCHAR,
    reason VARCHAR NOT NULL
);
CREATE TABLE import_warning (
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL,
    "column" VARCHAR NOT NULL,
    value VARCHAR,
    reason VARCHAR NOT NULL
);
CREATE TABLE revision (
    revision VARCHAR NOT NULL,
    parent VARCHAR,
    action VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    who VARCHAR NOT NULL
);
