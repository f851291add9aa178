-- One unit per month (2021-05) whose last day is over, from the month in which the measure's
-- window begins: met by the last news that was needed, which are as many as the plan's rule asks
-- for, from the window's first day on, on the channels that the plan lists as social networks. A
-- month whose news stand on other channels only is told as that. Known once a register of
-- publications came.

with recursive edge as (
    select
        cast(substr(cast(:window_starts as varchar), 1, 4) as integer) * 12
            + cast(substr(cast(:window_starts as varchar), 6, 2) as integer) - 1 as first_month,
        cast(substr(counted_to, 1, 4) as integer) * 12
            + cast(substr(counted_to, 6, 2) as integer) - 1 as last_month,
        counted_to
    from (
        select
            case
                when cast(:as_of as varchar) < cast(:window_ends as varchar)
                    then cast(:as_of as varchar)
                else cast(:window_ends as varchar)
            end as counted_to
    ) bound
),
numbered as (
    select first_month as n from edge
    union all
    select numbered.n + 1
    from numbered
    join edge on numbered.n < edge.last_month
),
spelled as (
    select
        cast(n / 12 as varchar)
            || case when n % 12 < 9 then '-0' else '-' end
            || cast(n % 12 + 1 as varchar) as name,
        case
            when n % 12 + 1 in (4, 6, 9, 11) then '30'
            when n % 12 + 1 <> 2 then '31'
            when (n / 12) % 4 = 0 and ((n / 12) % 100 <> 0 or (n / 12) % 400 = 0) then '29'
            else '28'
        end as last_day
    from numbered
),
passed as (
    select spelled.name
    from spelled
    join edge on spelled.name || '-' || spelled.last_day <= edge.counted_to
),
published as (
    select
        publication.publication_id,
        substr(min(publication.published_on), 1, 7) as name,
        min(publication.published_on) as published_on,
        max(case when run_rule.value is not null then 1 else 0 end) as is_counted
    from publication
    join run_batch
        on run_batch.batch_id = publication.batch_id
        and run_batch.run_id = :run_id
    left join run_rule
        on run_rule.run_id = run_batch.run_id
        and run_rule.measure = :measure
        and run_rule.rule = 'social_networks'
        and run_rule.value = publication.channel
    where publication.kind = 'news'
        and publication.published_on >= :window_starts
        and publication.published_on <= :as_of
    group by publication.publication_id
),
news as (
    select
        name,
        published_on,
        row_number() over (partition by name order by published_on, publication_id) as place
    from published
    where is_counted = 1
),
elsewhere as (
    select name
    from published
    group by name
    having max(is_counted) = 0
),
received as (
    select count(*) as batches
    from run_batch
    join load_batch on load_batch.batch_id = run_batch.batch_id
    where run_batch.run_id = :run_id
        and load_batch.dataset = 'publications'
)
select
    'region' as municipality_id,
    case when elsewhere.name is null then 'month' else 'month_elsewhere' end as unit_kind,
    passed.name as unit,
    passed.name as detail,
    news.published_on as met_on,
    case when received.batches > 0 then 1 else 0 end as is_known
from received
left join passed on 1 = 1
left join news on news.name = passed.name and news.place = :news_per_month
left join elsewhere on elsewhere.name = passed.name
