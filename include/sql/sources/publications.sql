-- What did the project publish in the plan's years, as the portal's own table has it?
-- A page of an earlier year is still there, so it is told too; news are of the plan's years.
-- Each heading is that of the register «publications» (docs/formats.md). The day may be a date
-- or ISO text; both are compared and told as text.
select
    publication_id as "Код",
    channel as "Канал",
    kind as "Вид",
    title as "Заголовок",
    link as "Ссылка",
    cast(published_on as varchar(10)) as "Дата"
from publication
where substr(cast(published_on as varchar(10)), 1, 4)
        between cast(:plan_year as varchar(4)) and cast(:last_year as varchar(4))
    or (
        kind in ('страница', 'Страница', 'page')
        and substr(cast(published_on as varchar(10)), 1, 4) < cast(:plan_year as varchar(4))
    )
