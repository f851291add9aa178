-- One unit per curator in the role, or per school in the project, on the as-of date; a row per
-- school that a curator leads, or per questionnaire of a school. A curator has answered when all
-- of his or her questionnaires are closed by then; a school when all are, or one is where the
-- plan's rule says any_closed. Who stands in no export has not answered. Known once an export of
-- МЭДК came.

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
answered as (
    select
        person_id,
        case when count(closed_on) = count(*) then max(closed_on) end as answered_on
    from questionnaire
    group by person_id
),
unit as (
    select distinct
        coalesce(run_school.municipality_id, person_role.municipality_id) as municipality_id,
        person_role.person_id,
        person_role.school_id,
        cast(null as varchar) as detail,
        answered.answered_on as met_on
    from person_role
    join run_batch
        on run_batch.batch_id = person_role.batch_id
        and run_batch.run_id = :run_id
    left join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = person_role.school_id
    left join answered on answered.person_id = person_role.person_id
    where :respondent = 'curator'
        and person_role.role = 'curator'
        and person_role.valid_from <= :as_of
        and (person_role.valid_to is null or person_role.valid_to >= :as_of)
        and (person_role.school_id is null or run_school.is_participating = 1)
    union all
    select
        run_school.municipality_id,
        cast(null as varchar) as person_id,
        run_school.school_id,
        questionnaire.questionnaire as detail,
        case
            when :school_questionnaires = 'any_closed'
                then min(questionnaire.closed_on) over (partition by run_school.school_id)
            else questionnaire.closed_on
        end as met_on
    from run_school
    left join questionnaire on questionnaire.school_id = run_school.school_id
    where :respondent = 'school'
        and run_school.run_id = :run_id
        and run_school.is_participating = 1
),
received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'medk_surveys'
)
select
    run_municipality.municipality_id,
    cast(:respondent as varchar) as unit_kind,
    coalesce(unit.person_id, unit.school_id) as unit,
    unit.person_id,
    unit.school_id,
    unit.detail,
    unit.met_on,
    case when received.batches > 0 then 1 else 0 end as is_known
from run_municipality
cross join received
left join unit on unit.municipality_id = run_municipality.municipality_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
