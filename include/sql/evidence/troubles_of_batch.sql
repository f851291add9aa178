-- What is there to mend in one file: why it was refused or waits for a person, which rows are in quarantine, why has it
-- no marks, what was it about before, or why is what it said in force no more?
-- One row per sentence, the file's own first, then the rows' in the order of the file.

select
    load_batch.plan_code,
    load_batch.dataset,
    load_batch.file_name,
    load_batch.loaded_ms,
    case when load_batch.refusal_code = :held then 'held' else load_batch.state end as state,
    load_batch.refusal_message as message,
    0 as place,
    '' as sheet,
    0 as row_number
from load_batch
where load_batch.batch_id = :batch_id
    and load_batch.state = 'refused'

union all

select
    load_batch.plan_code,
    load_batch.dataset,
    load_batch.file_name,
    load_batch.loaded_ms,
    load_batch.state,
    rejected_row.message,
    1 as place,
    coalesce(rejected_row.sheet, '') as sheet,
    coalesce(rejected_row."row", 0) as row_number
from load_batch
join rejected_row on rejected_row.batch_id = load_batch.batch_id
where load_batch.batch_id = :batch_id

union all

select
    load_batch.plan_code,
    load_batch.dataset,
    load_batch.file_name,
    load_batch.loaded_ms,
    load_warning.code as state,
    load_warning.message,
    0 as place,
    '' as sheet,
    0 as row_number
from load_batch
join load_warning on load_warning.batch_id = load_batch.batch_id
where load_batch.batch_id = :batch_id
    and load_batch.state = 'accepted'
    and load_warning.code is not null

order by place, sheet, row_number, message
