-- Does a letter to the operator that tells the same wait, or is a sender at it?
select 1
from delivery
where occasion = :occasion
    and mode = 'operator'
    and state in ('ready', 'retry', 'claimed', 'in_doubt')
