-- How many letters of the scope are still on their way, and how many of them does a sender hold,
-- living or dead?
select
    count(*) as letters,
    coalesce(sum(case when state in ('claimed', 'in_doubt') then 1 else 0 end), 0) as leased
from delivery
where state in ('ready', 'claimed', 'in_doubt', 'retry')
    and (cast(:occasion as text) is null or occasion = :occasion)
    and (cast(:mode as text) is null or mode = :mode)
    and (:every_municipality = 1 or municipality_id in :municipalities)
