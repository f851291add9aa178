-- Which curators, or which schools, have not answered the questionnaires?
-- One row per curator and school that he or she leads, or per school and questionnaire that
-- is open (`detail`; empty where the school stands in no export), by the same rules as
-- survey_share.sql.

with questionnaire as (
    select
        survey.person_id,
        survey.school_id,
        survey.questionnaire,
        min(
            case
                when survey.state = 'closed' and survey.closed_on <= :as_of then survey.closed_on
            end
        ) as closed_on
    from survey
    join run_batch
        on run_batch.batch_id = survey.batch_id
        and run_batch.run_id = :run_id
    where survey.respondent = :respondent
    group by survey.person_id, survey.school_id, survey.questionnaire
),
asked as (
    select
        case when :respondent = 'curator' then person_id else school_id end as respondent_id,
        closed_on
    from questionnaire
),
answered as (
    select respondent_id
    from asked
    group by respondent_id
    having count(closed_on) = count(*)
        or (
            :respondent = 'school'
            and :school_questionnaires = 'any_closed'
            and count(closed_on) > 0
        )
)
select distinct
    'curator' as unit_kind,
    run_municipality.municipality_id as municipality_id,
    person_role.person_id as person_id,
    person_role.school_id as school_id,
    cast(null as integer) as measure,
    cast(null as varchar) as detail
from person_role
join run_batch
    on run_batch.batch_id = person_role.batch_id
    and run_batch.run_id = :run_id
left join run_school
    on run_school.run_id = run_batch.run_id
    and run_school.school_id = person_role.school_id
join run_municipality
    on run_municipality.run_id = run_batch.run_id
    and run_municipality.municipality_id
        = coalesce(run_school.municipality_id, person_role.municipality_id)
where :respondent = 'curator'
    and person_role.role = 'curator'
    and person_role.valid_from <= :as_of
    and (person_role.valid_to is null or person_role.valid_to >= :as_of)
    and (person_role.school_id is null or run_school.is_participating = 1)
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
    and not exists (
        select 1 from answered where answered.respondent_id = person_role.person_id
    )
union all
select
    'school' as unit_kind,
    run_school.municipality_id,
    cast(null as varchar) as person_id,
    run_school.school_id,
    cast(null as integer) as measure,
    questionnaire.questionnaire as detail
from run_school
join run_municipality
    on run_municipality.run_id = run_school.run_id
    and run_municipality.municipality_id = run_school.municipality_id
left join questionnaire
    on questionnaire.school_id = run_school.school_id
    and questionnaire.closed_on is null
where :respondent = 'school'
    and run_school.run_id = :run_id
    and run_school.is_participating = 1
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
    and not exists (
        select 1 from answered where answered.respondent_id = run_school.school_id
    )
order by municipality_id, person_id, school_id, detail
