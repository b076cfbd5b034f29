-- A value names its subject by a number, and keeps the text of its file only where number and unit do not say it.
CREATE TABLE subject_number (
    number INTEGER NOT NULL,
    study VARCHAR NOT NULL,
    usubjid VARCHAR NOT NULL
);
INSERT INTO subject_number
SELECT row_number() OVER (ORDER BY study, usubjid), study, usubjid FROM subjects;
-- A number as files write it: 3, not 3.0.
CREATE MACRO say_number(number) AS
    CASE WHEN number = trunc(number) AND abs(number) < 1e15 THEN number::BIGINT::VARCHAR ELSE number::VARCHAR END;
CREATE TABLE measurement AS
SELECT measurements.study, number AS subject, paramcd, avisit, day, aval, avalc,
    nullif(reported, say_number(aval)) AS reported, reported_unit, ref_low, ref_high, batch, line
FROM measurements LEFT JOIN subject_number
    ON measurements.study = subject_number.study AND measurements.usubjid = subject_number.usubjid
ORDER BY measurements.study, paramcd, number, day, avisit, line;
DROP TABLE measurements;
CREATE VIEW measurements AS
SELECT measurement.study, usubjid, paramcd::VARCHAR AS paramcd, avisit, day, aval, avalc,
    coalesce(reported, say_number(aval)) AS reported, reported_unit, ref_low, ref_high, batch, line
FROM measurement JOIN subject_number ON measurement.subject = subject_number.number;
