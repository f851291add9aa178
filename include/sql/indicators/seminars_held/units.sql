-- One unit per seminar that an event of the measure names, told by its code; it counts from the
-- event with which as many were held as make it a standing one by the plan's rule, from the first
-- day of the measure's window to the as-of date (past the window's end only where the plan's rule
-- says that late ones count); where the plan is strict about topics, events that answer a deficit
-- which an analysis found. Not every missing seminar needs to be registered. No row, and nothing
-- is known, while no register of events came; nor is anything known where the plan is strict about
-- topics, events that name a deficit were held and nobody has looked for deficits.

with registered as (
    select
        event.event_id,
        event.seminar_id,
        case
            when event.state = 'held'
                and event.held_on <= :as_of
                and event.held_on >= :window_starts
                and (:late_counts_as_done = 1 or event.held_on <= :window_ends)
                then event.held_on
        end as held_on,
        case when coalesce(event.subject, event.factor) is null then 0 else 1 end as names_one,
        case
            when exists (
                select 1
                from run_deficit
                where run_deficit.run_id = run_batch.run_id
                    and (
                        run_deficit.factor = event.factor
                        or (
                            run_deficit.subject = event.subject
                            and run_deficit.grade = event.grade
                        )
                    )
            )
                then 1
            else 0
        end as answers_one
    from run_batch
    join load_batch
        on load_batch.batch_id = run_batch.batch_id
        and load_batch.dataset = 'events'
    left join event
        on event.batch_id = run_batch.batch_id
        and event.measure = :measure
    where run_batch.run_id = :run_id
),
counted as (
    select
        nullif(seminar_id, '') as seminar_id,
        event_id,
        min(held_on) as held_on,
        max(names_one) as names_one,
        max(case when held_on is not null then answers_one else 0 end) as answers_one,
        min(case when :topics = 'shown' or answers_one = 1 then held_on end) as counted_on
    from registered
    group by nullif(seminar_id, ''), event_id
),
placed as (
    select
        seminar_id,
        held_on,
        case when held_on is not null then names_one end as names_one,
        answers_one,
        counted_on,
        row_number() over (
            partition by seminar_id
            order by case when counted_on is null then 1 else 0 end, counted_on, event_id
        ) as place
    from counted
)
select
    'region' as municipality_id,
    case
        when count(held_on) = 0 then 'seminar'
        when count(held_on) < :least_events_of_seminar then 'seminar_of_few_events'
        when sum(answers_one) >= :least_events_of_seminar then 'seminar'
        when max(names_one) = 0 then 'seminar_without_topics'
        else 'seminar_of_other_topics'
    end as unit_kind,
    seminar_id as unit,
    seminar_id as detail,
    min(case when place = :least_events_of_seminar then counted_on end) as met_on,
    case
        when :topics = 'shown'
            or exists (select 1 from run_deficit where run_id = :run_id)
            or not exists (select 1 from registered where held_on is not null and names_one = 1)
            then 1
        else 0
    end as is_known
from placed
group by seminar_id
