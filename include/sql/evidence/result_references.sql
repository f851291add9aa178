-- By which references do the results of each procedure name schools and municipalities?
-- Totals of municipalities name no school, and schools may stand under no municipality.
select distinct
    result.kind,
    result.year,
    result.wave,
    result.school_scheme as scheme,
    result.school_ref as ref,
    result.municipality_ref
from (
    select batch_id, kind, year, wave, school_scheme, school_ref, municipality_ref
    from mark_result
    union
    select batch_id, kind, year, wave, school_scheme, school_ref, municipality_ref
    from journal_result
    union
    select batch_id, kind, year, wave, school_scheme, school_ref, municipality_ref
    from exam_result
    union
    select batch_id, kind, year, wave, school_scheme, school_ref, municipality_ref
    from appeal_change
) result
join run_batch
    on run_batch.batch_id = result.batch_id
    and run_batch.run_id = :run_id
