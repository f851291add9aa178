-- What does the database's clock say, in UTC epoch milliseconds?
select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now_ms
