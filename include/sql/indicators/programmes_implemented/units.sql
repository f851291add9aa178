-- One unit per programme that programmes_approved counts, told by its title: met by the first
-- internship of the same measure that was held up to the as-of date. Known once registers of
-- programmes and of events came.

with received as (
    select
        count(case when load_batch.dataset = 'programmes' then 1 end) as programmes,
        count(case when load_batch.dataset = 'events' then 1 end) as events
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
),
approved as (
    select programme.programme_id, min(programme.title) as title
    from programme
    join run_batch
        on run_batch.batch_id = programme.batch_id
        and run_batch.run_id = :run_id
    where programme.measure = :measure
        and programme.state = 'approved'
        and programme.approved_on <= :as_of
    group by programme.programme_id
),
carried_out as (
    select event.programme_id, min(event.held_on) as held_on
    from event
    join run_batch
        on run_batch.batch_id = event.batch_id
        and run_batch.run_id = :run_id
    where event.measure = :measure
        and event.kind = :kind
        and event.state = 'held'
        and event.held_on <= :as_of
    group by event.programme_id
)
select
    'region' as municipality_id,
    'programme' as unit_kind,
    approved.programme_id as unit,
    approved.title as detail,
    carried_out.held_on as met_on,
    case when received.programmes > 0 and received.events > 0 then 1 else 0 end as is_known
from received
left join approved on 1 = 1
left join carried_out on carried_out.programme_id = approved.programme_id
