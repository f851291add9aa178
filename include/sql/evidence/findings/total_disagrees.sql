-- Where does a municipality's own row differ from the sum of its schools in the same file?
-- Only where the file has rows of its schools at all, and none of the file's was quarantined.
select
    owner.municipality_id,
    total.participants as stated,
    sum(school_row.participants) as counted,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    total.sheet,
    total.row
from mark_result total
join run_batch
    on run_batch.batch_id = total.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = total.batch_id
join mark_result school_row
    on school_row.batch_id = total.batch_id
    and school_row.level = 'school'
    and school_row.municipality_ref = total.municipality_ref
    and school_row.kind = total.kind
    and school_row.year = total.year
    and school_row.wave = total.wave
    and school_row.grade = total.grade
    and school_row.subject = total.subject
left join run_municipality_ref owner
    on owner.run_id = run_batch.run_id
    and owner.kind = total.kind
    and owner.year = total.year
    and owner.wave = total.wave
    and owner.ref = total.municipality_ref
where total.level = 'municipality'
    and load_batch.rows_rejected = 0
group by
    owner.municipality_id, total.municipality_ref, total.participants,
    load_batch.batch_id, load_batch.dataset, load_batch.file_name, total.sheet, total.row
having sum(school_row.participants) <> total.participants
order by load_batch.file_name, total.row
