-- Which results may this addressee see, paper by paper?
-- One row per unit and paper. A municipality sees its own schools, its own total and the
-- region; the addressee 'region' sees all.

select
    paper_result.kind,
    paper_result.year,
    paper_result.wave,
    paper_result.grade,
    paper_result.subject,
    paper_result.level,
    paper_result.unit_id,
    paper_result.municipality_id,
    coalesce(run_school.name, run_municipality.name) as name,
    paper_result.schools,
    paper_result.small_schools,
    paper_result.participants,
    paper_result.absent,
    paper_result.mark_2,
    paper_result.mark_3,
    paper_result.mark_4,
    paper_result.mark_5,
    paper_result.compared,
    paper_result.lowered,
    paper_result.confirmed,
    paper_result.raised,
    paper_result.below_minimum,
    paper_result.minimum,
    paper_result.score_sum,
    paper_result.high_scores,
    paper_result.is_small,
    paper_result.is_low,
    paper_result.is_journal_small,
    paper_result.elsewhere_schools,
    paper_result.elsewhere_participants,
    phase_run.as_of
from paper_result
join phase_run on phase_run.run_id = paper_result.run_id
left join run_school
    on run_school.run_id = paper_result.run_id
    and run_school.school_id = paper_result.unit_id
    and paper_result.level = 'school'
left join run_municipality
    on run_municipality.run_id = paper_result.run_id
    and run_municipality.municipality_id = paper_result.municipality_id
where paper_result.run_id = :run_id
    and (
        paper_result.municipality_id = :municipality_id
        or paper_result.level = 'region'
        or :municipality_id = 'region'
    )
