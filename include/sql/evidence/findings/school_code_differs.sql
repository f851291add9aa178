-- Which schools have another code of ГИА in the registry than schools' own context forms say?
-- A form has one for ОГЭ and one for ЕГЭ: where either is the registry's, nothing is in doubt.
-- One row per school of a form; the doubt is the registry's.
select
    load_batch.batch_id,
    'registry_schools' as dataset,
    load_batch.file_name,
    school_code.sheet,
    school_code.row,
    school.name
from school_code
join run_batch
    on run_batch.batch_id = school_code.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = school_code.batch_id
join school on school.vpr_login = school_code.vpr_login
join run_batch registry_batch
    on registry_batch.batch_id = school.batch_id
    and registry_batch.run_id = :run_id
where school.valid_from <= :as_of
    and (school.valid_to is null or school.valid_to >= :as_of)
    and school.gia_code <> coalesce(school_code.oge_code, school_code.ege_code)
    and school.gia_code <> coalesce(school_code.ege_code, school_code.oge_code)
order by load_batch.file_name, school_code.row, school.school_id
