-- How many letters of the scope stand in each state, and when is the next of them due?
select
    state,
    count(*) as letters,
    min(case when state in ('ready', 'retry') then not_before_ms end) as next_due_ms
from delivery
where (cast(:occasion as text) is null or occasion = :occasion)
    and (cast(:mode as text) is null or mode = :mode)
    and (:every_municipality = 1 or municipality_id in :municipalities)
group by state
