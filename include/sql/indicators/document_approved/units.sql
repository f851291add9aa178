-- One unit, the document that confirms the indicator: met by the first one approved up to the
-- as-of date; a draft or a later signature is none. `detail` is the title of a draft, where one
-- is registered. Known once a register of documents came.

select
    'region' as municipality_id,
    'document' as unit_kind,
    'document' as unit,
    min(case when document.state = 'draft' then document.title end) as detail,
    min(
        case
            when document.state = 'approved' and document.signed_on <= :as_of
                then document.signed_on
        end
    ) as met_on,
    coalesce(max(case when load_batch.dataset = 'documents' then 1 end), 0) as is_known
from run_batch
join load_batch on load_batch.batch_id = run_batch.batch_id
left join document
    on document.batch_id = run_batch.batch_id
    and document.indicator = :indicator
where run_batch.run_id = :run_id
