-- Which approved programmes of internships have not been carried out?
-- One row per programme, by the same rules as programmes_implemented.sql; `detail` is its title.

select
    'programme' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    min(programme.title) as detail
from programme
join run_batch
    on run_batch.batch_id = programme.batch_id
    and run_batch.run_id = :run_id
where programme.measure = :measure
    and programme.state = 'approved'
    and programme.approved_on <= :as_of
    and not exists (
        select 1
        from event
        join run_batch as event_batch
            on event_batch.batch_id = event.batch_id
            and event_batch.run_id = :run_id
        where event.programme_id = programme.programme_id
            and event.measure = :measure
            and event.kind = :kind
            and event.state = 'held'
            and event.held_on <= :as_of
    )
group by programme.programme_id
order by min(programme.title), programme.programme_id
