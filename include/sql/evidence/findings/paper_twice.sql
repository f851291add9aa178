-- Which papers came both as an aggregated export and as a pupil protocol?
select
    exported.kind,
    exported.year,
    exported.wave,
    exported.grade,
    exported.subject,
    min(exported.file_name) as export_name,
    min(protocol.file_name) as protocol_name,
    min(exported.batch_id) as batch_id
from (
    select distinct
        mark_result.kind, mark_result.year, mark_result.wave, mark_result.grade,
        mark_result.subject, load_batch.file_name, load_batch.batch_id
    from mark_result
    join run_batch on run_batch.batch_id = mark_result.batch_id and run_batch.run_id = :run_id
    join load_batch on load_batch.batch_id = mark_result.batch_id
    where load_batch.dataset = 'vpr_marks'
) exported
join (
    select distinct
        mark_result.kind, mark_result.year, mark_result.wave, mark_result.grade,
        mark_result.subject, load_batch.file_name
    from mark_result
    join run_batch on run_batch.batch_id = mark_result.batch_id and run_batch.run_id = :run_id
    join load_batch on load_batch.batch_id = mark_result.batch_id
    where load_batch.dataset = 'vpr_protocols'
) protocol
    on protocol.kind = exported.kind
    and protocol.year = exported.year
    and protocol.wave = exported.wave
    and protocol.grade = exported.grade
    and protocol.subject = exported.subject
group by exported.kind, exported.year, exported.wave, exported.grade, exported.subject
order by exported.grade, exported.subject
