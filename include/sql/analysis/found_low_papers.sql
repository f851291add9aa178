-- In which papers of one procedure does this run know a school of the project to have low results?
-- Inserts a row per subject and grade (docs/domain.md §4.2) by the last analysis of the phase whose
-- procedure it is, made about the run's as-of date or an earlier one and known to the run, its own
-- first; and one row that names nothing where the analysis judged papers that were not low.

insert into run_deficit (run_id, subject, grade, factor)
with this as (
    select run_id, plan_code, mode, as_of, known_at_ms
    from phase_run
    where run_id = :run_id
),
analysis as (
    select
        phase_run.run_id,
        row_number() over (
            order by
                case when phase_run.run_id = this.run_id then 0 else 1 end,
                case when phase_run.mode = 'live' then 0 else 1 end,
                phase_run.started_ms desc,
                phase_run.run_id desc
        ) as place
    from phase_run
    join this on this.plan_code = phase_run.plan_code
    where phase_run.phase = :phase
        and phase_run.as_of <= this.as_of
        and (
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
)
select distinct
    this.run_id,
    case when paper_result.is_low = 1 then paper_result.subject end,
    case when paper_result.is_low = 1 then paper_result.grade end,
    cast(null as varchar)
from this
join analysis on analysis.place = 1
join paper_result on paper_result.run_id = analysis.run_id
where paper_result.level = 'school'
    and paper_result.kind = :kind
    and paper_result.year = :year
    and paper_result.wave = :wave
