-- Which papers came both as an aggregated export and as a pupil protocol, for how many schools
-- alike, and how many of those has the protocol clearly fewer participants of?
-- One row per paper that has a school in both: those schools are taken from the protocol.
with school_row as (
    select
        mark_result.kind, mark_result.year, mark_result.wave, mark_result.grade,
        mark_result.subject, mark_result.school_scheme, mark_result.school_ref,
        mark_result.participants, load_batch.dataset, load_batch.file_name, load_batch.batch_id
    from mark_result
    join run_batch on run_batch.batch_id = mark_result.batch_id and run_batch.run_id = :run_id
    join load_batch on load_batch.batch_id = mark_result.batch_id
    where mark_result.level = 'school'
)
select
    exported.kind,
    exported.year,
    exported.wave,
    exported.grade,
    exported.subject,
    min(exported.file_name) as export_name,
    min(protocol.file_name) as protocol_name,
    min(exported.batch_id) as batch_id,
    count(*) as exported,
    count(protocol.school_ref) as counted,
    sum(case when 5 * protocol.participants < 4 * exported.participants then 1 else 0 end) as fewer
from school_row exported
left join school_row protocol
    on protocol.dataset = 'vpr_protocols'
    and protocol.kind = exported.kind
    and protocol.year = exported.year
    and protocol.wave = exported.wave
    and protocol.grade = exported.grade
    and protocol.subject = exported.subject
    and protocol.school_scheme = exported.school_scheme
    and protocol.school_ref = exported.school_ref
where exported.dataset = 'vpr_marks'
group by exported.kind, exported.year, exported.wave, exported.grade, exported.subject
having count(protocol.school_ref) > 0
order by exported.grade, exported.subject
