-- What does the rule of low results say of each participating school this addressee may see?
-- One row per school; the addressee 'region' sees all.

select
    school_verdict.school_id,
    school_verdict.municipality_id,
    run_school.name,
    school_verdict.papers,
    school_verdict.small_papers,
    school_verdict.low_papers,
    school_verdict.verdict
from school_verdict
join run_school
    on run_school.run_id = school_verdict.run_id
    and run_school.school_id = school_verdict.school_id
where school_verdict.run_id = :run_id
    and (school_verdict.municipality_id = :municipality_id or :municipality_id = 'region')
