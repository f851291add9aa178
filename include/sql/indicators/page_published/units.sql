-- Is there a page of the project on a portal?
-- One row 'region', 1 of 1 or 0 of 1: a page on that channel, published up to the as-of date.
-- Without a register of publications nothing is known and the numerator is empty.

with received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'publications'
),
page as (
    select min(publication.published_on) as published_on
    from publication
    join run_batch
        on run_batch.batch_id = publication.batch_id
        and run_batch.run_id = :run_id
    where publication.kind = 'page'
        and publication.channel = :channel
        and publication.published_on <= :as_of
)
select
    'region' as municipality_id,
    case
        when received.batches = 0 then null
        when page.published_on is null then 0
        else 1
    end as numerator,
    1 as denominator,
    page.published_on as met_on
from received
cross join page
