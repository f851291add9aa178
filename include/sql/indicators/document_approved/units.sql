-- Is the document approved that confirms an indicator?
-- One row 'region', 1 of 1 or 0 of 1; a draft or a later signature is none. Without any
-- register of documents nothing is known and the numerator is empty.

with received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'documents'
),
approved as (
    select min(document.signed_on) as signed_on
    from document
    join run_batch
        on run_batch.batch_id = document.batch_id
        and run_batch.run_id = :run_id
    where document.indicator = :indicator
        and document.state = 'approved'
        and document.signed_on <= :as_of
)
select
    'region' as municipality_id,
    case
        when received.batches = 0 then null
        when approved.signed_on is null then 0
        else 1
    end as numerator,
    1 as denominator,
    approved.signed_on as met_on
from received
cross join approved
