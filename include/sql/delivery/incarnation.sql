-- D4: which database is this?
select v
from control
where k = 'incarnation'
