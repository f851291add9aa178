-- Is the document that confirms an indicator still missing?
-- One row 'region' where it is, by the same rules as document_approved.sql; `detail` is the
-- title of a draft, where one is registered.

select
    'document' as unit_kind,
    'region' as municipality_id,
    cast(null as varchar) as person_id,
    cast(null as varchar) as school_id,
    cast(null as integer) as measure,
    min(case when document.state = 'draft' then document.title end) as detail
from run_batch
left join document
    on document.batch_id = run_batch.batch_id
    and document.indicator = :indicator
where run_batch.run_id = :run_id
having count(
    case when document.state = 'approved' and document.signed_on <= :as_of then 1 end
) = 0
