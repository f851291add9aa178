-- Per participating municipality, or for the region as a whole, what was reported of the indicator
-- for the latest period of the plan that had ended by the as-of date; of a sum, for all of them.
-- A share is known by numerator and denominator, anything else by its value. Nothing is known where
-- no period has ended since the judged quarter began, nor, of a change, where nothing was reported
-- for the baseline's day.

with place as (
    select run_municipality.municipality_id
    from run_municipality
    where run_municipality.run_id = :run_id
        and run_municipality.is_participating = 1
        and run_municipality.municipality_id <> 'region'
        and :is_regional = 0
    union all
    select 'region'
    where :is_regional = 1
),
reported as (
    select
        indicator_value.municipality_id,
        indicator_value.period_ends,
        case when :is_share = 1 then indicator_value.numerator else indicator_value.value end
            as numerator,
        case when :is_share = 1 then indicator_value.denominator end as denominator
    from indicator_value
    join run_batch
        on run_batch.batch_id = indicator_value.batch_id
        and run_batch.run_id = :run_id
    where indicator_value.indicator = :indicator
),
latest as (
    select reported.municipality_id, max(reported.period_ends) as period_ends
    from reported
    where reported.period_ends >= :plan_starts
        and reported.period_ends > :baseline_on
        and reported.period_ends <= :as_of
        and reported.numerator is not null
    group by reported.municipality_id
    having max(reported.period_ends) >= :known_from
)
select
    place.municipality_id,
    'value' as unit_kind,
    reported.period_ends as unit,
    reported.period_ends as met_on,
    reported.numerator,
    reported.denominator,
    baseline.numerator as baseline_numerator,
    baseline.denominator as baseline_denominator,
    case
        when reported.numerator is null then 0
        when :baseline_on <> '' and baseline.numerator is null then 0
        else 1
    end as is_known
from place
left join latest on latest.municipality_id = place.municipality_id
left join reported
    on reported.municipality_id = latest.municipality_id
    and reported.numerator is not null
    and (
        reported.period_ends = latest.period_ends
        or (
            :is_sum = 1
            and reported.period_ends >= :plan_starts
            and reported.period_ends < latest.period_ends
        )
    )
left join reported baseline
    on baseline.municipality_id = place.municipality_id
    and baseline.period_ends = :baseline_on
