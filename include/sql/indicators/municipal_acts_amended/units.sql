-- Per participating municipality the documents that the plan's rule asks for: an act of each of
-- its two lists (`legal_acts`, `programme_documents`; kinds as the plan writes them), or one of
-- either. A document is met by the first act that rests on the recommendations, adopted from
-- their day to the as-of date; past the window's end only where the rule says that late ones
-- count. Otherwise the act that comes nearest is named, with what it fails by.
-- The recommendations are of the day that the check-list states, else of the as-of date of the
-- phase whose accepted letter carried them. Letters of this very run are left out: a task that is
-- cleared after they were sent must count as it did before.
-- As in 5.0, recommendations are given by a check-list that scores each component of the plan.
-- Without its check-list nothing is known of a municipality, nor while nobody has sent an act.

with scored as (
    select
        run_batch.run_id,
        mechanism_score.municipality_id,
        count(distinct mechanism_score.component) as components,
        max(mechanism_score.recommended_on) as stated_on
    from mechanism_score
    join run_batch on run_batch.batch_id = mechanism_score.batch_id
    join run_rule
        on run_rule.run_id = :run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'components'
        and run_rule.value = mechanism_score.component
    group by run_batch.run_id, mechanism_score.municipality_id
),
cycle as (
    select count(*) as components
    from run_rule
    where run_rule.run_id = :run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'components'
),
letter as (
    select delivery.municipality_id, min(phase_run.as_of) as sent_on
    from delivery
    join phase_run on phase_run.run_id = delivery.run_id
    join delivery_event
        on delivery_event.delivery_id = delivery.delivery_id
        and delivery_event.to_state = 'accepted'
    cross join cycle
    join scored
        on scored.run_id = delivery.run_id
        and scored.municipality_id = delivery.municipality_id
        and scored.components >= cycle.components
    where delivery.mode = 'live'
        and delivery.run_id <> :run_id
        and phase_run.plan_year = :plan_year
        and phase_run.phase = :phase
        and phase_run.as_of <= :as_of
        and delivery_event.at_ms <= :known_at_ms
        and not exists (
            select 1
            from delivery_event as bounce
            where bounce.delivery_id = delivery.delivery_id
                and bounce.to_state = 'bounced'
                and bounce.at_ms <= :known_at_ms
        )
    group by delivery.municipality_id
),
check_list as (
    select
        scored.municipality_id,
        case
            when scored.components >= cycle.components
                then coalesce(scored.stated_on, letter.sent_on)
            else letter.sent_on
        end as recommended_on,
        case
            when scored.components < cycle.components and letter.sent_on is null then 1
            else 0
        end as is_incomplete
    from scored
    cross join cycle
    left join letter on letter.municipality_id = scored.municipality_id
    where scored.run_id = :run_id
),
needed as (
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
            when check_list.recommended_on is null then 'not_recommended'
            when municipal_act.adopted_on < check_list.recommended_on then 'early_act'
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
    left join check_list on check_list.municipality_id = municipal_act.municipality_id
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
