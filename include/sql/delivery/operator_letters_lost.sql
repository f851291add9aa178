-- How many letters to the operator came to an end since that moment of which nobody knows that
-- they arrived?
select count(*) as letters
from delivery
where mode = 'operator'
    and updated_ms >= :since_ms
    and (
        state in ('unknown', 'rejected', 'exhausted')
        or (state = 'cancelled' and last_detail = 'expired')
    )
