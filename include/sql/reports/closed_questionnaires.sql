-- How many questionnaires of МЭДК did each municipality's curators and schools close, and when
-- was the last one closed?
-- One row per municipality and kind of respondent. A curator's questionnaire is counted in the
-- municipality of the schools that he or she leads, once however many they are.

with respondent as (
    select distinct
        survey.respondent,
        run_school.municipality_id,
        coalesce(survey.person_id, survey.school_id) as respondent_id,
        survey.questionnaire,
        survey.closed_on
    from survey
    join run_batch
        on run_batch.batch_id = survey.batch_id
        and run_batch.run_id = :run_id
    left join person_role
        on survey.respondent = 'curator'
        and person_role.person_id = survey.person_id
        and person_role.role = 'curator'
        and person_role.batch_id in (
            select role_batch.batch_id from run_batch as role_batch
            where role_batch.run_id = :run_id
        )
    join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = case
            when survey.respondent = 'curator' then person_role.school_id
            else survey.school_id
        end
        and run_school.is_participating = 1
    where survey.state = 'closed'
        and survey.closed_on <= :as_of
)
select
    respondent.respondent,
    respondent.municipality_id,
    count(*) as closed,
    max(respondent.closed_on) as closed_on
from respondent
group by respondent.respondent, respondent.municipality_id
order by respondent.respondent, respondent.municipality_id
