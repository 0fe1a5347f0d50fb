-- A hook that does what the first part of the user's e-mail address says.
create function public.behest_access_token_hook(event jsonb) returns jsonb
language plpgsql
as $$
declare
  what text := coalesce(
    event #>> '{claims,user_metadata,hook}',
    split_part(event #>> '{claims,email}', '@', 1)
  );
begin
  case what
    when 'raise' then raise exception 'a secret of the database';
    when 'null' then return null;
    when 'bare' then return '{}';
    when 'lacks' then return event #- '{claims,session_id}';
    when 'list' then return jsonb_set(event, '{claims,app_metadata}', '[]');
    when 'tell' then return jsonb_set(event, '{claims,app_metadata}', jsonb_build_object(
      'event', event - 'claims',
      'order', (select json_agg(name) from jsonb_object_keys(event -> 'claims') name),
      'role', current_user,
      'path', current_setting('search_path'),
      'timeout', current_setting('statement_timeout')
    ));
    else return event;
  end case;
end;
$$;
revoke execute on function public.behest_access_token_hook(jsonb)
  from public, anon, authenticated, service_role;
grant execute on function public.behest_access_token_hook(jsonb) to supabase_auth_admin;
