-- One unit per school in the project on the as-of date; it was there when the log has as many of
-- its employees as the plan's rule asks for (a row without a person's code is one employee).
-- An event on the results of a stage of the monitoring of positive changes was held when a mark of
-- that stage had been made by its day; without the export of marks nothing is known of it.
-- Nothing is known while the event is not registered, and when it was held but no log came; an
-- event that was not held is known to have nobody.
-- Where too few were there, and enough have studied the recording since, the school is missing all
-- the same: `compensated_on`, the day of the one with whom they were enough.

with marked as (
    select min(positive_change.marked_on) as first_on
    from positive_change
    join run_batch
        on run_batch.batch_id = positive_change.batch_id
        and run_batch.run_id = :run_id
    where positive_change.stage = :changes_stage
),
registered as (
    select
        count(*) as events,
        max(
            case
                when event.state = 'held'
                    and event.held_on <= :as_of
                    and (:changes_stage = 0 or event.held_on >= marked.first_on)
                    then event.held_on
            end
        ) as held_on,
        max(
            case
                when event.state = 'held'
                    and event.held_on <= :as_of
                    and :changes_stage > 0
                    and (marked.first_on is null or event.held_on < marked.first_on)
                    then cast(:changes_stage as varchar)
            end
        ) as lack
    from event
    cross join marked
    join run_batch
        on run_batch.batch_id = event.batch_id
        and run_batch.run_id = :run_id
    where event.event_id = :event
),
logged as (
    select
        attendance.role,
        attendance.school_id,
        attendance.person_id,
        attendance.is_present,
        attendance.studied_on
    from attendance
    join run_batch
        on run_batch.batch_id = attendance.batch_id
        and run_batch.run_id = :run_id
    where attendance.event_id = :event
),
present as (
    select school_id
    from logged
    where role = 'school'
        and is_present = 1
    group by school_id
    having count(distinct coalesce(person_id, '')) >= :least_employees_of_school
),
informed as (
    select
        logged.school_id,
        coalesce(logged.person_id, '') as employee,
        min(
            case when logged.is_present = 1 then registered.held_on else logged.studied_on end
        ) as informed_on
    from logged
    cross join registered
    where logged.role = 'school'
        and (
            logged.is_present = 1
            or logged.studied_on between registered.held_on and :as_of
        )
    group by logged.school_id, coalesce(logged.person_id, '')
),
numbered as (
    select
        school_id,
        informed_on,
        row_number() over (partition by school_id order by informed_on, employee) as place
    from informed
)
select
    run_municipality.municipality_id,
    'school' as unit_kind,
    run_school.school_id as unit,
    run_school.school_id,
    registered.lack as detail,
    case when present.school_id is not null then registered.held_on end as met_on,
    numbered.informed_on as compensated_on,
    case
        when registered.events > 0
            and (registered.held_on is null or exists (select 1 from logged))
            and (
                :changes_stage = 0
                or exists (
                    select 1
                    from run_batch
                    join load_batch on load_batch.batch_id = run_batch.batch_id
                    where run_batch.run_id = :run_id
                        and load_batch.dataset = 'medk_changes'
                )
            )
            then 1
        else 0
    end as is_known
from run_municipality
cross join registered
left join run_school
    on run_school.run_id = run_municipality.run_id
    and run_school.municipality_id = run_municipality.municipality_id
    and run_school.is_participating = 1
left join present on present.school_id = run_school.school_id
left join numbered
    on numbered.school_id = run_school.school_id
    and numbered.place = :least_employees_of_school
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
