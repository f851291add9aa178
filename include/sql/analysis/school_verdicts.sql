-- Does a participating school show low results by the rule of the plan (docs/domain.md §4.2)?
-- Inserts one row per participating school: low in `low_procedures` papers or more, at risk
-- in fewer but at least one. Papers with too few participants have no verdict and count for
-- neither side.

insert into school_verdict (
    run_id, school_id, municipality_id, papers, small_papers, low_papers, verdict
)
with counted as (
    select
        run_school.school_id,
        run_school.municipality_id,
        count(paper_result.is_low) as papers,
        coalesce(sum(paper_result.is_small), 0) as small_papers,
        coalesce(sum(paper_result.is_low), 0) as low_papers
    from run_school
    left join paper_result
        on paper_result.run_id = run_school.run_id
        and paper_result.level = 'school'
        and paper_result.unit_id = run_school.school_id
    where run_school.run_id = :run_id
        and run_school.is_participating = 1
    group by run_school.school_id, run_school.municipality_id
)
select
    :run_id,
    school_id,
    municipality_id,
    papers,
    small_papers,
    low_papers,
    case
        when papers = 0 then 'no_verdict'
        when low_papers >= :low_procedures then 'low'
        when low_papers > 0 then 'risk'
        else 'not_low'
    end
from counted
