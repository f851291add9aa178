-- Which letters of a plan's year has the mail server accepted?
-- One row per occasion and revision, with the number of letters and of addressees.

select
    delivery.occasion,
    delivery.revision,
    count(*) as letters,
    count(distinct delivery.municipality_id) as addressees
from delivery
join phase_run on phase_run.run_id = delivery.run_id
where phase_run.plan_year = :plan_year
    and delivery.mode = 'live'
    and delivery.state in ('accepted', 'bounced')
group by delivery.occasion, delivery.revision
order by delivery.occasion, delivery.revision
