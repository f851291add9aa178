-- Which letters of a plan's year has the mail server accepted? A row per letter.

select
    delivery.occasion,
    delivery.revision,
    delivery.municipality_id,
    delivery.recipient_id
from delivery
join phase_run on phase_run.run_id = delivery.run_id
where phase_run.plan_code = :plan_code
    and delivery.mode = 'live'
    and delivery.state in ('accepted', 'bounced')
order by delivery.occasion, delivery.revision, delivery.municipality_id
