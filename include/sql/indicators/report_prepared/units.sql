-- One unit, the paper that a phase composes: prepared once a live run of the phase had composed
-- its report and let the letters with it go. The fact carries the as-of date of that run, and
-- `detail` is the run; the moment when it let them go counts against known-at only, and for this
-- very run not at all. A report that still waits for a person's approval is none, nor is one of a
-- rehearsal. The ledger is our own: it always knows.

with prepared as (
    select
        phase_run.run_id,
        phase_run.as_of,
        row_number() over (order by phase_run.as_of, phase_run.run_id) as place
    from phase_run
    where phase_run.plan_year = :plan_year
        and phase_run.phase = :phase
        and phase_run.as_of <= :as_of
        and exists (
            select 1
            from delivery
            where delivery.run_id = phase_run.run_id
                and delivery.mode = 'live'
                and delivery.released_ms is not null
                and (delivery.run_id = :run_id or delivery.released_ms <= :known_at_ms)
        )
)
select
    'region' as municipality_id,
    'document' as unit_kind,
    'report' as unit,
    prepared.run_id as detail,
    prepared.as_of as met_on,
    1 as is_known
from phase_run
left join prepared on prepared.place = 1
where phase_run.run_id = :run_id
