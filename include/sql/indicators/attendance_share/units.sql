-- One unit per person in the role on the as-of date and municipality, however many schools a
-- curator leads there (a row for each, and only of schools in the project that day); a
-- coordinator counts in the municipality itself, whatever school stands beside the name.
-- Somebody who holds two roles and signed in once was there in both, so the log's role is not
-- asked for.
-- An event on the results of a stage of the monitoring of positive changes was held when a mark of
-- that stage had been made by its day; without the export of marks nothing is known of it.
-- Nothing is known while the event is not registered, and when it was held but no log came; an
-- event that was not held is known to have nobody.
-- Who was not there and has studied the recording since is missing all the same: `compensated_on`.

with person as (
    select distinct
        coalesce(run_school.municipality_id, person_role.municipality_id) as municipality_id,
        person_role.person_id,
        case when person_role.role = 'curator' then person_role.school_id end as school_id
    from person_role
    join run_batch
        on run_batch.batch_id = person_role.batch_id
        and run_batch.run_id = :run_id
    left join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = person_role.school_id
        and person_role.role = 'curator'
    where person_role.role = :role
        and person_role.valid_from <= :as_of
        and (person_role.valid_to is null or person_role.valid_to >= :as_of)
        and (
            person_role.role <> 'curator'
            or person_role.school_id is null
            or run_school.is_participating = 1
        )
),
marked as (
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
    select attendance.person_id, attendance.is_present, attendance.studied_on
    from attendance
    join run_batch
        on run_batch.batch_id = attendance.batch_id
        and run_batch.run_id = :run_id
    where attendance.event_id = :event
),
present as (
    select distinct person_id
    from logged
    where is_present = 1
),
studied as (
    select logged.person_id, min(logged.studied_on) as studied_on
    from logged
    cross join registered
    where logged.is_present = 0
        and logged.studied_on between registered.held_on and :as_of
    group by logged.person_id
)
select
    run_municipality.municipality_id,
    cast(:role as varchar) as unit_kind,
    person.person_id as unit,
    person.person_id,
    person.school_id,
    registered.lack as detail,
    case when present.person_id is not null then registered.held_on end as met_on,
    studied.studied_on as compensated_on,
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
left join person on person.municipality_id = run_municipality.municipality_id
left join present on present.person_id = person.person_id
left join studied on studied.person_id = person.person_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
