-- How many letters of each occasion and mode wait to be sent?
select occasion, mode, count(*) as letters
from delivery
where state in ('ready', 'retry', 'claimed')
group by occasion, mode
order by occasion, mode
