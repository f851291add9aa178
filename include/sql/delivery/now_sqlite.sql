-- What does the database's clock say, in UTC epoch milliseconds?
select cast(round((julianday('now') - 2440587.5) * 86400000.0) as integer) as now_ms
