create table if not exists publication (
    publication_id text primary key,
    channel text not null,
    kind text not null,
    title text not null,
    link text not null,
    published_on text not null
)
