-- Which documents of which project schools are not agreed and placed in МЭДК?
-- One row per school and document, by the same rules as medk_documents_placed.sql; `detail`
-- is the document as the plan names it, or, of a missing anti-risk programme, the code of its
-- factor after 'risk/'. To be read only where that file knows a numerator.

with required as (
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
    select run_school.municipality_id, run_school.school_id, '' as kind, assessed.factor
    from run_school
    join (
        select
            risk.school_id,
            risk.factor,
            risk.is_activated,
            row_number() over (
                partition by risk.school_id, risk.factor
                order by risk.assessed_on desc, risk.row desc, risk.is_activated desc
            ) as place
        from risk
        join run_batch
            on run_batch.batch_id = risk.batch_id
            and run_batch.run_id = :run_id
        where risk.assessed_on <= :as_of
    ) assessed
        on assessed.school_id = run_school.school_id
        and assessed.place = 1
        and assessed.is_activated = 1
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
    'school' as unit_kind,
    run_municipality.municipality_id,
    cast(null as varchar) as person_id,
    required.school_id,
    cast(null as integer) as measure,
    case when required.factor = '' then required.kind else 'risk/' || required.factor end
        as detail
from required
join run_municipality
    on run_municipality.municipality_id = required.municipality_id
    and run_municipality.run_id = :run_id
left join placed
    on placed.school_id = required.school_id
    and placed.kind = required.kind
    and placed.factor = required.factor
where placed.school_id is null
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
order by run_municipality.municipality_id, required.school_id, detail
