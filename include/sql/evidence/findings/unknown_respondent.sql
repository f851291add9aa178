-- Whose curator's questionnaires are of a person who never was a curator?
select
    survey.person_id as ref,
    load_batch.batch_id,
    load_batch.dataset,
    load_batch.file_name,
    min(survey.sheet) as sheet,
    min(survey.row) as row
from survey
join run_batch
    on run_batch.batch_id = survey.batch_id
    and run_batch.run_id = :run_id
join load_batch on load_batch.batch_id = survey.batch_id
where survey.respondent = 'curator'
    and not exists (
        select 1
        from person_role
        join run_batch role_batch
            on role_batch.batch_id = person_role.batch_id
            and role_batch.run_id = :run_id
        where person_role.role = 'curator'
            and person_role.person_id = survey.person_id
    )
group by survey.person_id, load_batch.batch_id, load_batch.dataset, load_batch.file_name
order by load_batch.file_name, min(survey.row), survey.person_id
