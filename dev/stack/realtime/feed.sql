-- Tells of each change of the published tables. To be run once, after the migrations.
create schema if not exists realtime;

create function realtime.tell() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  row_before jsonb := to_jsonb(old);
  row_after jsonb := to_jsonb(new);
  -- A change of the key moves the row: whose it is now, counts.
  row_now jsonb := coalesce(row_after, row_before);
  keys text[] := array(
    select attname from pg_catalog.pg_attribute
      join pg_catalog.pg_index on indrelid = attrelid and attnum = any (indkey)
      where attrelid = tg_relid and indisprimary
  );
  most int;
  told text;
begin
  -- What has left the publication since is not told.
  if not exists (
    select from pg_catalog.pg_publication_tables where pubname = 'supabase_realtime'
      and schemaname = tg_table_schema and tablename = tg_table_name
  ) then
    return null;
  end if;

  -- A notification holds less than 8,000 bytes. Realtime has a limit, too, at 1 MB, and does the
  -- same: it leaves out the values above 64 bytes, and says so.
  foreach most in array array[null, 64, 0] loop
    select jsonb_build_object(
      'key', case when cardinality(keys) = 1 then row_now ->> keys[1] end,
      -- Of two like notifications in one transaction Postgres would send one.
      'once', gen_random_uuid(),
      'data', jsonb_build_object(
        'schema', tg_table_schema,
        'table', tg_table_name,
        'type', tg_op,
        'commit_timestamp',
          to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'columns', coalesce(jsonb_agg(jsonb_build_object('name', attname, 'type', typname)
          order by attnum), '[]'),
        'errors', case when most is not null then jsonb_build_array('Error 413: Payload Too Large') end
      ) || case when row_after is null then '{}' else jsonb_build_object(
        'record', coalesce(jsonb_object_agg(attname, row_after -> attname), '{}')
      ) end || case when row_before is null then '{}' else jsonb_build_object(
        'old_record', coalesce(jsonb_object_agg(attname, row_before -> attname)
          filter (where attname = any (keys)), '{}')
      ) end
    )::text into told
      from pg_catalog.pg_attribute
      join pg_catalog.pg_type on pg_type.oid = atttypid
      where attrelid = tg_relid and attnum > 0 and not attisdropped
        -- As Realtime does: what the user may not select, they are not told.
        and has_column_privilege('authenticated', attrelid, attnum, 'select')
        and (attname = any (keys) or coalesce(octet_length(row_now ->> attname) <= most, true));
    exit when octet_length(told) < 8000;
  end loop;
  -- A change that cannot be told must happen all the same.
  if octet_length(told) < 8000 then
    perform pg_notify('realtime', told);
  end if;
  return null;
end;
$$;

do $$
declare
  published record;
begin
  for published in
    select schemaname, tablename from pg_publication_tables where pubname = 'supabase_realtime'
  loop
    execute format(
      'create trigger realtime_tell after insert or update or delete on %I.%I
        for each row execute function realtime.tell()',
      published.schemaname, published.tablename
    );
  end loop;
end;
$$;
