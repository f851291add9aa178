-- How many letters of the scope are still on their way?
select count(*)
from delivery
where state in ('ready', 'claimed', 'in_doubt', 'retry')
    and (cast(:occasion as text) is null or occasion = :occasion)
    and (cast(:mode as text) is null or mode = :mode)
    and (:every_municipality = 1 or municipality_id in :municipalities)
