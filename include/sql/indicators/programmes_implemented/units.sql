-- One unit per approved programme of the measure, told by its title: met by the first internship of
-- the same measure that was held up to the as-of date on the base of a leader school, with as many
-- schools in the project as the plan's rule asks for, if the programme's own base is one too. A
-- base is named by its kind and by itself, as in internships_held.
-- Known once registers of programmes and of events came and, where internships were held, the log
-- of any event.

with received as (
    select
        count(case when load_batch.dataset = 'programmes' then 1 end) as programmes,
        count(case when load_batch.dataset = 'events' then 1 end) as events,
        count(case when load_batch.dataset = 'attendance' then 1 end) as logs
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
),
approved as (
    select
        programme.programme_id,
        min(programme.title) as title,
        min(programme.host_kind) as host_kind
    from programme
    join run_batch
        on run_batch.batch_id = programme.batch_id
        and run_batch.run_id = :run_id
    where programme.measure = :measure
        and programme.state = 'approved'
        and programme.approved_on <= :as_of
    group by programme.programme_id
),
present as (
    select attendance.event_id, count(distinct attendance.school_id) as schools
    from attendance
    join run_batch
        on run_batch.batch_id = attendance.batch_id
        and run_batch.run_id = :run_id
    join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = attendance.school_id
        and run_school.is_participating = 1
    where attendance.role = 'school'
        and attendance.is_present = 1
    group by attendance.event_id
),
carried_out as (
    select
        event.programme_id,
        min(event.held_on) as held_on,
        min(case when coalesce(event.host, '') <> '' then event.host_kind end) as named_base,
        min(
            case
                when event.host_kind = 'leader_school' and coalesce(event.host, '') <> ''
                    then event.held_on
            end
        ) as on_base,
        min(
            case
                when event.host_kind = 'leader_school'
                    and coalesce(event.host, '') <> ''
                    and coalesce(present.schools, 0) >= :least_project_schools
                    then event.held_on
            end
        ) as for_project
    from event
    join run_batch
        on run_batch.batch_id = event.batch_id
        and run_batch.run_id = :run_id
    left join present on present.event_id = event.event_id
    where event.measure = :measure
        and event.kind = :kind
        and event.state = 'held'
        and event.held_on <= :as_of
    group by event.programme_id
),
held as (
    select count(*) as programmes
    from carried_out
)
select
    'region' as municipality_id,
    case
        when approved.host_kind is null then 'programme_without_base'
        when approved.host_kind <> 'leader_school' then 'programme_on_other_base'
        when carried_out.held_on is null then 'programme'
        when carried_out.named_base is null then 'programme_without_internship_base'
        when carried_out.on_base is null then 'programme_on_other_internship_base'
        else 'programme_without_project_school'
    end as unit_kind,
    approved.programme_id as unit,
    approved.title as detail,
    case when approved.host_kind = 'leader_school' then carried_out.for_project end as met_on,
    case
        when received.programmes > 0
            and received.events > 0
            and (held.programmes = 0 or received.logs > 0)
            then 1
        else 0
    end as is_known
from received
join held on 1 = 1
left join approved on 1 = 1
left join carried_out on carried_out.programme_id = approved.programme_id
