-- One unit, the page on that channel: met by the first one published up to the as-of date.
-- Known once a register of publications came.

select
    'region' as municipality_id,
    'page' as unit_kind,
    cast(:channel as varchar) as unit,
    cast(:channel as varchar) as detail,
    min(publication.published_on) as met_on,
    coalesce(max(case when load_batch.dataset = 'publications' then 1 end), 0) as is_known
from run_batch
join load_batch on load_batch.batch_id = run_batch.batch_id
left join publication
    on publication.batch_id = run_batch.batch_id
    and publication.kind = 'page'
    and publication.channel = :channel
    and publication.published_on <= :as_of
where run_batch.run_id = :run_id
