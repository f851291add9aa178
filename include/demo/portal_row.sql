insert into publication (publication_id, channel, kind, title, link, published_on)
values (?, ?, ?, ?, ?, ?)
on conflict (publication_id) do nothing
