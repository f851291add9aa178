-- Which schools in registers of МЭДК and in acknowledgements were never schools of the project?
-- Where the registry has the code the school exists, and takes no part. One that left the project
-- is not in doubt: its rows are of the time when it took part.
select
    told.school_id as ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(told.sheet) as sheet,
    min(told.row) as row,
    count(*) as rows,
    case max(case when exists (
        select 1
        from school
        join run_batch school_batch
            on school_batch.batch_id = school.batch_id
            and school_batch.run_id = :run_id
        where school.school_id = told.school_id
    ) then 1 else 0 end) when 1 then 'NOT_PARTICIPANT' else 'UNKNOWN_SCHOOL' end as rule
from (
    select batch_id, sheet, row, school_id
    from medk_document
    union all
    select batch_id, sheet, row, school_id
    from risk
    union all
    select batch_id, sheet, row, school_id
    from positive_change
    union all
    select batch_id, sheet, row, school_id
    from survey
    where school_id is not null
    union all
    select batch_id, sheet, row, school_id
    from acknowledgement
) told
join run_batch
    on run_batch.batch_id = told.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = told.batch_id
where not exists (
    select 1
    from school
    join run_batch project_batch
        on project_batch.batch_id = school.batch_id
        and project_batch.run_id = :run_id
    where school.school_id = told.school_id
        and school.project_from is not null
)
group by told.school_id, load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.dataset, load_batch.file_name, min(told.row), told.school_id
