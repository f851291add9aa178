-- How far has the ledger come? Events are only ever added.
select count(*) as events
from delivery_event
