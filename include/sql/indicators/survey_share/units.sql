-- What share of the curators, or of the schools, has answered the questionnaires?
-- One row per participating municipality. The denominator is every curator in the role, or
-- every school in the project, on the as-of date. A curator has answered when all of his or
-- her questionnaires are closed by then; a school when all are, or one is where the plan's
-- rule says any_closed. Who stands in no export has not answered. Without an export of МЭДК
-- nothing is known and the numerator is empty.

with unit as (
    select distinct
        coalesce(run_school.municipality_id, person_role.municipality_id) as municipality_id,
        person_role.person_id as respondent_id
    from person_role
    join run_batch
        on run_batch.batch_id = person_role.batch_id
        and run_batch.run_id = :run_id
    left join run_school
        on run_school.run_id = run_batch.run_id
        and run_school.school_id = person_role.school_id
    where :respondent = 'curator'
        and person_role.role = 'curator'
        and person_role.valid_from <= :as_of
        and (person_role.valid_to is null or person_role.valid_to >= :as_of)
        and (person_role.school_id is null or run_school.is_participating = 1)
    union all
    select run_school.municipality_id, run_school.school_id as respondent_id
    from run_school
    where :respondent = 'school'
        and run_school.run_id = :run_id
        and run_school.is_participating = 1
),
questionnaire as (
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
    select
        respondent_id,
        case
            when count(closed_on) = count(*) then max(closed_on)
            when :respondent = 'school' and :school_questionnaires = 'any_closed'
                then min(closed_on)
        end as answered_on
    from asked
    group by respondent_id
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
    case when max(received.batches) > 0 then count(answered.answered_on) end as numerator,
    count(unit.respondent_id) as denominator,
    max(answered.answered_on) as met_on
from run_municipality
cross join received
left join unit on unit.municipality_id = run_municipality.municipality_id
left join answered on answered.respondent_id = unit.respondent_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
group by run_municipality.municipality_id
order by run_municipality.municipality_id
