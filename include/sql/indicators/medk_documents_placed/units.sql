-- One unit per school in the project on the as-of date of which a document is required, a row per
-- document: those that the plan's rule lists, and one anti-risk programme per factor that the school
-- activated by its latest risk profile up to that day (where the plan asks for it; a school that
-- stands in no profile has activated none). `detail` is the document as the plan names it, or
-- risk/ and the code of the factor. A document's state on a day is its latest one up to it; the
-- plan's rule says which states count. `met_on` is the day from which it has counted without a
-- break.
-- Known once an export of documents came and, while programmes are asked for, risk profiles.

with received as (
    select
        count(case when load_batch.dataset = 'medk_documents' then 1 end) as documents,
        count(case when load_batch.dataset = 'risk_profiles' then 1 end) as profiles
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
),
required as (
    select
        run_school.municipality_id,
        run_school.school_id,
        run_rule.value as kind,
        '' as factor
    from run_school
    join run_rule
        on run_rule.run_id = run_school.run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'documents_of_each_school'
    where run_school.run_id = :run_id
        and run_school.is_participating = 1
    union all
    select run_school.municipality_id, run_school.school_id, '' as kind, run_risk.factor
    from run_school
    join run_risk
        on run_risk.run_id = run_school.run_id
        and run_risk.school_id = run_school.school_id
        and run_risk.is_activated = 1
    where run_school.run_id = :run_id
        and run_school.is_participating = 1
        and :programme_per_activated_risk = 1
),
state as (
    select
        medk_document.school_id,
        case when medk_document.factor is null then medk_document.kind else '' end as kind,
        coalesce(medk_document.factor, '') as factor,
        medk_document.state_on,
        medk_document.row,
        case when run_rule.value is null then 0 else 1 end as counts
    from medk_document
    join run_batch
        on run_batch.batch_id = medk_document.batch_id
        and run_batch.run_id = :run_id
    left join run_rule
        on run_rule.run_id = run_batch.run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'counted_states'
        and run_rule.value = medk_document.state
    where medk_document.state_on <= :as_of
),
latest as (
    select
        state.*,
        row_number() over (
            partition by state.school_id, state.kind, state.factor
            order by state.state_on desc, state.row desc, state.counts
        ) as place,
        max(case when state.counts = 0 then state.state_on end) over (
            partition by state.school_id, state.kind, state.factor
        ) as last_lacked_on
    from state
),
placed as (
    select
        latest.school_id,
        latest.kind,
        latest.factor,
        min(
            case
                when latest.counts = 1
                    and (latest.last_lacked_on is null or latest.state_on >= latest.last_lacked_on)
                    then latest.state_on
            end
        ) as placed_on
    from latest
    group by latest.school_id, latest.kind, latest.factor
    having max(case when latest.place = 1 then latest.counts end) = 1
)
select
    run_municipality.municipality_id,
    'school' as unit_kind,
    required.school_id as unit,
    required.school_id,
    case when required.factor = '' then required.kind else 'risk/' || required.factor end
        as detail,
    placed.placed_on as met_on,
    case
        when received.documents > 0
            and (:programme_per_activated_risk = 0 or received.profiles > 0)
            then 1
        else 0
    end as is_known
from run_municipality
cross join received
left join required on required.municipality_id = run_municipality.municipality_id
left join placed
    on placed.school_id = required.school_id
    and placed.kind = required.kind
    and placed.factor = required.factor
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
