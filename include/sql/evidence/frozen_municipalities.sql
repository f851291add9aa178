-- Which municipalities does the run know, under which names, and which take part?
-- A municipality is named as on the as-of date; it takes part when one of its schools does, or
-- where the plan writes to all. Who takes part gets a letter and is counted: nothing else says so.
insert into run_municipality (
    run_id, municipality_id, name, genitive, short_name, is_participating, is_selected
)
select
    run_batch.run_id,
    named.municipality_id,
    named.name,
    named.genitive,
    named.short_name,
    case when :addressees = 'all' or exists (
        select 1
        from school
        join run_batch school_batch
            on school_batch.batch_id = school.batch_id
            and school_batch.run_id = :run_id
        where school.municipality_id = named.municipality_id
            and school.valid_from <= :as_of
            and (school.valid_to is null or school.valid_to >= :as_of)
            and school.project_from <= :as_of
            and (school.project_to is null or school.project_to >= :as_of)
    ) then 1 else 0 end,
    0
from (
    select
        municipality_name.*,
        row_number() over (
            partition by municipality_name.batch_id, municipality_name.municipality_id
            order by municipality_name.valid_from desc
        ) as newest
    from municipality_name
    where municipality_name.valid_from <= :as_of
        and (municipality_name.valid_to is null or municipality_name.valid_to >= :as_of)
) named
join run_batch
    on run_batch.batch_id = named.batch_id
    and run_batch.run_id = :run_id
where named.newest = 1
