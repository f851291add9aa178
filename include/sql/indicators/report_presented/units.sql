-- One unit per school in the project on the as-of date. The letter goes to the municipality,
-- which passes it on: presented are its schools once a mail server accepted the letter in live
-- mode and did not return it since. Where the plan requires it, a school must have acknowledged
-- the report too, by the as-of date. The fact carries the as-of date of the phase run that made
-- the letter; the moment of acceptance counts against known-at only, and for letters of this
-- very run not at all (they are sent after it froze its inputs). Where the phase tells of a stage
-- of МЭДК's monitoring of positive changes, a letter that knew no mark of the municipality's schools
-- presents nothing of it, and `detail` is then the stage. The ledger is our own: it always knows.

with marked as (
    -- What the phase's runs knew of the stage: marks of risks that schools had activated by then.
    select distinct phase_run.run_id, run_school.municipality_id
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
acceptance as (
    select
        delivery.municipality_id,
        min(
            case
                when :changes_stage = 0 or marked.run_id is not null then phase_run.as_of
            end
        ) as presented_on
    from delivery
    join phase_run on phase_run.run_id = delivery.run_id
    join delivery_event
        on delivery_event.delivery_id = delivery.delivery_id
        and delivery_event.to_state = 'accepted'
    left join marked
        on marked.run_id = delivery.run_id
        and marked.municipality_id = delivery.municipality_id
    where delivery.mode = 'live'
        and phase_run.plan_code = :plan_code
        and phase_run.phase = :phase
        and phase_run.as_of <= :as_of
        and (delivery.run_id = :run_id or delivery_event.at_ms <= :known_at_ms)
        and not exists (
            select 1
            from delivery_event as bounce
            where bounce.delivery_id = delivery.delivery_id
                and bounce.to_state = 'bounced'
                and (delivery.run_id = :run_id or bounce.at_ms <= :known_at_ms)
        )
    group by delivery.municipality_id
),
receipt as (
    -- A municipality's file speaks of its own schools alone.
    select
        load_batch.scope as municipality_id,
        acknowledgement.school_id,
        min(acknowledgement.received_on) as received_on
    from acknowledgement
    join run_batch
        on run_batch.batch_id = acknowledgement.batch_id
        and run_batch.run_id = :run_id
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where acknowledgement.phase = :phase
        and acknowledgement.received_on <= :as_of
    group by load_batch.scope, acknowledgement.school_id
)
select
    run_municipality.municipality_id,
    'school' as unit_kind,
    run_school.school_id as unit,
    run_school.school_id,
    case
        when acceptance.municipality_id is not null and acceptance.presented_on is null
            then cast(:changes_stage as varchar)
    end as detail,
    case
        when :acknowledgement <> 'required' or receipt.received_on <= acceptance.presented_on
            then acceptance.presented_on
        when acceptance.presented_on is not null
            then receipt.received_on
    end as met_on,
    1 as is_known
from run_municipality
left join run_school
    on run_school.run_id = run_municipality.run_id
    and run_school.municipality_id = run_municipality.municipality_id
    and run_school.is_participating = 1
left join acceptance on acceptance.municipality_id = run_municipality.municipality_id
left join receipt
    on receipt.school_id = run_school.school_id
    and receipt.municipality_id = run_school.municipality_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
