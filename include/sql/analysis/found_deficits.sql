-- Which deficits of the project's schools are known to this run?
-- Inserts a row per subject and grade in which a school has low results (docs/domain.md §4.2) by
-- the last analysis of each phase of the year that the run knows, its own among them, and a row
-- per risk that a school has taken into work by its last assessment up to the as-of date.

insert into run_deficit (run_id, subject, grade, factor)
with this as (
    select run_id, plan_year, mode, as_of, known_at_ms
    from phase_run
    where run_id = :run_id
),
analysis as (
    select
        phase_run.run_id,
        row_number() over (
            partition by phase_run.phase
            order by
                case when phase_run.run_id = this.run_id then 0 else 1 end,
                case when phase_run.mode = 'live' then 0 else 1 end,
                phase_run.started_ms desc,
                phase_run.run_id desc
        ) as place
    from phase_run
    join this on this.plan_year = phase_run.plan_year
    where (
            phase_run.run_id = this.run_id
            or (
                phase_run.started_ms <= this.known_at_ms
                and (phase_run.mode = 'live' or phase_run.mode = this.mode)
            )
        )
        and exists (
            select 1
            from paper_result
            where paper_result.run_id = phase_run.run_id
        )
),
assessed as (
    select
        risk.factor,
        risk.is_activated,
        row_number() over (
            partition by risk.school_id, risk.factor
            order by risk.assessed_on desc
        ) as place
    from risk
    join run_batch on run_batch.batch_id = risk.batch_id
    join this on this.run_id = run_batch.run_id
    join run_school
        on run_school.run_id = this.run_id
        and run_school.school_id = risk.school_id
        and run_school.is_participating = 1
    where risk.assessed_on <= this.as_of
)
select this.run_id, paper_result.subject, paper_result.grade, cast(null as varchar)
from this
join analysis on analysis.place = 1
join paper_result on paper_result.run_id = analysis.run_id
where paper_result.level = 'school'
    and paper_result.is_low = 1
group by this.run_id, paper_result.subject, paper_result.grade
union all
select this.run_id, cast(null as varchar), cast(null as integer), assessed.factor
from this
join assessed on assessed.place = 1
where assessed.is_activated = 1
group by this.run_id, assessed.factor
