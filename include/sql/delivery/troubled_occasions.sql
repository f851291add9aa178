-- How does each occasion fare since a person last said to go on with it: how many letters it
-- has, how many of them are unknown, and how many the server refused one after another?
-- What is of a moment to come was written while the clock was wrong, and holds no brake off
-- and pulls none again and again.
with told_to_go_on as (
    select scope, max(at_ms) as at_ms
    from control_event
    where action = 'continue'
        and at_ms <= :now_ms + 60000
    group by scope
),

last_accepted as (
    select delivery.occasion, delivery.mode, max(delivery_event.at_ms) as at_ms
    from delivery_event
    join delivery on delivery.delivery_id = delivery_event.delivery_id
    where delivery_event.to_state = 'accepted'
        and delivery_event.at_ms <= :now_ms + 60000
    group by delivery.occasion, delivery.mode
),

refused as (
    select delivery.occasion, delivery.mode, count(*) as letters
    from delivery_event
    join delivery on delivery.delivery_id = delivery_event.delivery_id
    left join told_to_go_on
        on told_to_go_on.scope = delivery.occasion || ' ' || delivery.mode
    left join last_accepted
        on last_accepted.occasion = delivery.occasion
        and last_accepted.mode = delivery.mode
    where delivery_event.to_state = 'rejected'
        and delivery_event.code between 500 and 599
        and delivery_event.at_ms <= :now_ms + 60000
        and delivery_event.at_ms > coalesce(told_to_go_on.at_ms, 0)
        and delivery_event.at_ms > coalesce(last_accepted.at_ms, 0)
    group by delivery.occasion, delivery.mode
)

select
    delivery.occasion,
    delivery.mode,
    count(*) as letters,
    sum(
        case
            when delivery.state = 'unknown'
                and delivery.updated_ms > coalesce(told_to_go_on.at_ms, 0)
                then 1
            else 0
        end
    ) as unknown,
    coalesce(max(refused.letters), 0) as refused
from delivery
left join told_to_go_on on told_to_go_on.scope = delivery.occasion || ' ' || delivery.mode
left join refused
    on refused.occasion = delivery.occasion
    and refused.mode = delivery.mode
where not exists (
    select 1
    from paused_occasion
    where paused_occasion.occasion = delivery.occasion
        and paused_occasion.mode = delivery.mode
)
group by delivery.occasion, delivery.mode
order by delivery.occasion, delivery.mode
