-- How many letters to addressees of each occasion and mode wait to be sent?
select occasion, mode, count(*) as letters
from delivery
where state in ('ready', 'retry', 'claimed')
    and mode <> 'operator'
group by occasion, mode
order by occasion, mode
