-- One unit per month (2021-05) whose last day is over, from the month in which the measure's
-- window begins: met by the last news that was needed, which are as many as the plan's rule asks
-- for, from the window's first day on, on any channel. Known once a register of publications came.

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
news as (
    select substr(day_of.published_on, 1, 7) as name, day_of.published_on, day_of.place
    from (
        select
            publication.published_on,
            row_number() over (
                partition by substr(publication.published_on, 1, 7)
                order by publication.published_on, publication.publication_id
            ) as place
        from (
            select publication_id, min(published_on) as published_on
            from publication
            join run_batch
                on run_batch.batch_id = publication.batch_id
                and run_batch.run_id = :run_id
            where publication.kind = 'news'
                and publication.published_on >= :window_starts
                and publication.published_on <= :as_of
            group by publication_id
        ) publication
    ) day_of
    where day_of.place = :news_per_month
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
    'month' as unit_kind,
    passed.name as unit,
    passed.name as detail,
    news.published_on as met_on,
    case when received.batches > 0 then 1 else 0 end as is_known
from received
left join passed on 1 = 1
left join news on news.name = passed.name
