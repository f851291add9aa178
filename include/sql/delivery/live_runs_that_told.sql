-- Which live runs of a plan's year went through to their letters?
-- One row per phase and as-of date that was run at all. It has told once it was decided about the
-- letter of everybody who is to hear of it. `told_all` is 1 where that is every participating
-- municipality, in whichever of its runs; `told_chosen` where it is those whom one run of it chose
-- (perhaps nobody).

with live as (
    select run_id, phase, as_of
    from phase_run
    where plan_code = :plan_code
        and mode = 'live'
),
left_of_run as (
    select live.run_id, count(run_municipality.municipality_id) as undecided
    from live
    left join run_municipality
        on run_municipality.run_id = live.run_id
        and run_municipality.is_selected = 1
        -- the others are not written to, whether they were chosen or not
        and (run_municipality.is_participating = 1 or run_municipality.municipality_id = 'region')
        and not exists (
            select 1
            from run_outcome
            where run_outcome.run_id = live.run_id
                and run_outcome.municipality_id = run_municipality.municipality_id
        )
    group by live.run_id
),
left_of_phase as (
    select live.run_id, count(run_municipality.municipality_id) as undecided
    from live
    left join run_municipality
        on run_municipality.run_id = live.run_id
        and run_municipality.is_participating = 1
        and not exists (
            select 1
            from run_outcome
            join live as other on other.run_id = run_outcome.run_id
            where other.phase = live.phase
                and other.as_of = live.as_of
                and run_outcome.municipality_id = run_municipality.municipality_id
        )
    group by live.run_id
)
select
    live.phase,
    live.as_of,
    max(case when left_of_phase.undecided = 0 then 1 else 0 end) as told_all,
    max(case when left_of_run.undecided = 0 then 1 else 0 end) as told_chosen
from live
join left_of_run on left_of_run.run_id = live.run_id
join left_of_phase on left_of_phase.run_id = live.run_id
group by live.phase, live.as_of
order by live.phase, live.as_of
