-- Is a page of the project on a portal still missing?
-- One row 'region' where it is, with the channel, by the same rules as page_published.sql.

select
    'page' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    cast(:channel as varchar) as detail
from phase_run
where phase_run.run_id = :run_id
    and not exists (
        select 1
        from publication
        join run_batch
            on run_batch.batch_id = publication.batch_id
            and run_batch.run_id = :run_id
        where publication.kind = 'page'
            and publication.channel = :channel
            and publication.published_on <= :as_of
    )
