-- Per participating municipality the documents that the plan's rule asks for: an act of each of
-- its two lists (`legal_acts`, `programme_documents`; kinds as the plan writes them), or one of
-- either. A document is met by the first act that rests on the recommendations, adopted from
-- their day to the as-of date; past the window's end only where the rule says that late ones
-- count. Otherwise the act that comes nearest is named, with what it fails by.
-- From which day recommendations hold, include/sql/analysis/recommendations.sql says.
-- Without its check-list nothing is known of a municipality, nor while nobody has sent an act.

with needed as (
    select distinct run_rule.rule as sort
    from run_rule
    where run_rule.run_id = :run_id
        and run_rule.measure = :measure
        and (run_rule.rule = 'legal_acts' or run_rule.rule = 'programme_documents')
        and :required_documents = 'both'
    union all
    select 'either'
    where :required_documents = 'either'
),
act as (
    select
        municipal_act.municipality_id,
        needed.sort,
        municipal_act.adopted_on,
        municipal_act.kind || ' № ' || municipal_act.number || ' от '
        || substr(municipal_act.adopted_on, 9, 2) || '.' || substr(municipal_act.adopted_on, 6, 2)
        || '.' || substr(municipal_act.adopted_on, 1, 4) as title,
        case
            when kind.rule is null then 'other_kind'
            when run_recommendation.recommended_on is null then 'not_recommended'
            when municipal_act.adopted_on < run_recommendation.recommended_on then 'early_act'
            when municipal_act.basis <> :basis then 'other_basis'
            when :late_counts_as_done = 0 and municipal_act.adopted_on > :window_ends
                then 'late_act'
            else 'counted'
        end as verdict
    from municipal_act
    join run_batch
        on run_batch.batch_id = municipal_act.batch_id
        and run_batch.run_id = :run_id
    left join run_rule kind
        on kind.run_id = :run_id
        and kind.measure = :measure
        and (kind.rule = 'legal_acts' or kind.rule = 'programme_documents')
        and kind.value = municipal_act.kind
    join needed on needed.sort = kind.rule or needed.sort = 'either' or kind.rule is null
    left join run_recommendation
        on run_recommendation.run_id = :run_id
        and run_recommendation.measure = :measure
        and run_recommendation.municipality_id = municipal_act.municipality_id
    where municipal_act.adopted_on <= :as_of
),
nearest as (
    select
        act.*,
        row_number() over (
            partition by act.municipality_id, act.sort
            order by
                case act.verdict when 'counted' then 0 when 'other_kind' then 2 else 1 end,
                case when act.verdict = 'counted' then act.adopted_on end,
                act.adopted_on desc,
                act.title
        ) as place
    from act
),
-- Incomplete is a check-list that gives none, unless an earlier whole one was sent.
check_list as (
    select
        municipality_id,
        case when is_whole = 0 and sent_on is null then 1 else 0 end as is_incomplete
    from run_recommendation
    where run_id = :run_id
        and measure = :measure
),
received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'municipal_acts'
)
select
    run_municipality.municipality_id,
    case
        when check_list.municipality_id is null then 'check_list'
        when check_list.is_incomplete = 1 then 'incomplete'
        when nearest.verdict is null or nearest.verdict = 'counted' then needed.sort
        else nearest.verdict
    end as unit_kind,
    run_municipality.municipality_id as unit,
    case
        when check_list.is_incomplete = 0 and nearest.verdict <> 'counted'
            then nearest.title
    end as detail,
    case
        when check_list.is_incomplete = 0 and nearest.verdict = 'counted'
            then nearest.adopted_on
    end as met_on,
    case
        when received.batches > 0 and check_list.municipality_id is not null then 1
        else 0
    end as is_known
from run_municipality
cross join received
cross join needed
left join check_list on check_list.municipality_id = run_municipality.municipality_id
left join nearest
    on nearest.municipality_id = run_municipality.municipality_id
    and nearest.sort = needed.sort
    and nearest.place = 1
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
