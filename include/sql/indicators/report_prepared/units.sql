-- One unit, the paper that a phase composes: prepared once a live run of the phase had composed
-- its report and let the letters with it go. The fact carries the as-of date of that run, and
-- `detail` is the run; the moment when it let them go counts against known-at only, and for this
-- very run not at all. A report that still waits for a person's approval is none, nor is one of a
-- rehearsal, nor letters to some chosen municipalities: the run is of all addressees, or it let the
-- region's own letter go. Where the phase tells of a stage of МЭДК's monitoring of positive changes, the paper is
-- on that monitoring: a report that knew no mark of the stage is none, and `detail` is then the
-- stage. The ledger is our own: it always knows.

with marked as (
    -- What the phase's runs knew of the stage: marks of risks that schools had activated by then.
    select distinct phase_run.run_id
    from phase_run
    join run_batch on run_batch.run_id = phase_run.run_id
    join positive_change
        on positive_change.batch_id = run_batch.batch_id
        and positive_change.stage = :changes_stage
        and positive_change.marked_on <= phase_run.as_of
    join run_school
        on run_school.run_id = phase_run.run_id
        and run_school.school_id = positive_change.school_id
        and run_school.is_participating = 1
    join run_risk
        on run_risk.run_id = phase_run.run_id
        and run_risk.school_id = positive_change.school_id
        and run_risk.factor = positive_change.factor
        and run_risk.is_activated = 1
    where phase_run.plan_code = :plan_code
        and phase_run.phase = :phase
),
composed as (
    select
        phase_run.run_id,
        phase_run.as_of,
        case when :changes_stage = 0 or marked.run_id is not null then 1 else 0 end as is_whole
    from phase_run
    left join marked on marked.run_id = phase_run.run_id
    where phase_run.plan_code = :plan_code
        and phase_run.phase = :phase
        and phase_run.as_of <= :as_of
        and exists (
            select 1
            from delivery
            where delivery.run_id = phase_run.run_id
                and delivery.mode = 'live'
                and delivery.released_ms is not null
                and (delivery.run_id = :run_id or delivery.released_ms <= :known_at_ms)
                and (
                    delivery.municipality_id = 'region'
                    or not exists (
                        select 1
                        from run_municipality
                        where run_municipality.run_id = phase_run.run_id
                            and run_municipality.is_selected = 0
                            and (
                                run_municipality.is_participating = 1
                                or run_municipality.municipality_id = 'region'
                            )
                    )
                )
        )
),
prepared as (
    select
        composed.*,
        row_number() over (
            order by composed.is_whole desc, composed.as_of, composed.run_id
        ) as place
    from composed
)
select
    'region' as municipality_id,
    'document' as unit_kind,
    'report' as unit,
    case
        when prepared.is_whole = 1 then prepared.run_id
        when prepared.is_whole = 0 then cast(:changes_stage as varchar)
    end as detail,
    case when prepared.is_whole = 1 then prepared.as_of end as met_on,
    1 as is_known
from phase_run
left join prepared on prepared.place = 1
where phase_run.run_id = :run_id
