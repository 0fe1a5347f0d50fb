-- Opt-in: puts `profiles.plan` into every session token, as `app_metadata.plan`, when the Auth
-- server makes one. Read with BEHEST_PLAN_CLAIM=app_metadata.plan, it saves the function a call.
--
-- It is switched on elsewhere: [auth.hook.custom_access_token] in config.toml, or Authentication >
-- Hooks in the dashboard. It may be applied again, and before there is a table `profiles`. It is
-- one statement, so that at no moment anybody else may call what it makes.
do $migration$
declare
  grantee text;
begin
  -- A sign-in never fails for want of a plan: whatever is wrong, the event is returned as it came.
  --
  -- `security definer`, because row level security shows the Auth server's role no row, and a
  -- policy and a grant for it would need the table now, and be lost with it. So it reads as who
  -- applies this: the owner of the table, or a role with BYPASSRLS, and `postgres` on Supabase is
  -- both. It tells its caller anybody's plan, and so has one caller alone: by the grants below, and
  -- by who asks, since a dump that is restored into a new project gets that one's default grants.
  --
  -- Volatile, as by default: where it had to wait for a lock, it sees what is there after that.
  create or replace function public.behest_access_token_hook(event jsonb) returns jsonb
  language plpgsql security definer
  -- Nobody's function, operator or type slips in: the Auth server's own path is `auth`, and a path
  -- that does not name pg_temp has it first for types.
  set search_path = pg_catalog, pg_temp
  -- A table that a migration holds is not waited for until the Auth server's 2 s are over.
  set lock_timeout = '500ms'
  as $hook$
  declare
    -- What PostgREST has set. current_user is the owner here.
    asker constant name := coalesce(nullif(current_setting('role', true), 'none'), session_user);
    metadata jsonb := event #> '{claims,app_metadata}';
    plan jsonb;
    fits boolean;
  begin
    if asker <> 'supabase_auth_admin' and not pg_has_role(asker, current_user, 'usage') then
      return event;
    end if;
    if jsonb_typeof(event -> 'claims') is distinct from 'object' then return event; end if;
    -- The Auth server refuses any other form, JSON's null too, where a hook has run.
    if jsonb_typeof(metadata) is distinct from 'object' then metadata := '{}'; end if;
    begin
      select to_jsonb(p.plan) into strict plan from public.profiles p
      where p.id = (behest_access_token_hook.event ->> 'user_id')::uuid;
    exception
      when no_data_found then null;
      -- `others` are not all: the first is what a timeout comes as.
      when query_canceled or assert_failure or others then
        raise warning 'behest_access_token_hook: a token gets no plan: %', sqlerrm;
    end;
    -- Null is no plan, as for the function. The Auth server reads a number as a double, fails where
    -- it is beyond one, and writes some characters, such as <, as six bytes: 300 are what a header
    -- has room for, whatever they are.
    fits := case jsonb_typeof(plan)
      when 'boolean' then true
      when 'number' then abs(plan::numeric) <= 9007199254740992 and length(plan::text) <= 300
      when 'string' then length(plan #>> '{}') <= 300
    end;
    if fits then metadata := metadata || jsonb_build_object('plan', plan); end if;
    -- A plan that the app has written into app_metadata stays where the table says nothing.
    if metadata = coalesce(event #> '{claims,app_metadata}', '{}') then return event; end if;
    return jsonb_set(event, '{claims,app_metadata}', metadata);
  end;
  $hook$;
  comment on function public.behest_access_token_hook(jsonb)
    is 'behest-token: puts the plan into session tokens; for the Auth server';

  -- Supabase grants new functions to public, anon, authenticated and service_role, each by name.
  for grantee in
    select distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end
    from pg_catalog.pg_proc p
      cross join pg_catalog.aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.oid = 'public.behest_access_token_hook(jsonb)'::regprocedure and a.grantee <> p.proowner
  loop
    execute format(
      'revoke all on function public.behest_access_token_hook(jsonb) from %s cascade', grantee);
  end loop;
  if to_regrole('supabase_auth_admin') is null then
    raise notice 'There is no role supabase_auth_admin: nobody but its owner may call the hook.';
  else
    grant usage on schema public to supabase_auth_admin;
    grant execute on function public.behest_access_token_hook(jsonb) to supabase_auth_admin;
    -- Who may not grant it only hears that nothing was granted.
    if not has_schema_privilege('supabase_auth_admin', 'public', 'usage') then
      raise warning 'The Auth server may not use the schema public, and with the hook on every '
        'sign-in would fail. Before you switch it on, as the owner of that schema: grant usage on '
        'schema public to supabase_auth_admin';
    end if;
  end if;

  -- What is missing is said now, and not at the first sign-in alone.
  perform public.behest_access_token_hook(
    '{"user_id": "00000000-0000-0000-0000-000000000000", "claims": {}}');
  if row_security_active(to_regclass('public.profiles')) then
    raise warning 'Row level security of public.profiles binds %, and so the hook: no token gets a '
      'plan. Apply this as the owner of the table, or as a role with BYPASSRLS.', current_user;
  end if;
  -- The migration of plans keeps users from that.
  if exists (
    select from pg_catalog.pg_class t
      join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = 'plan'
      join pg_catalog.pg_roles u on u.rolname in ('anon', 'authenticated')
    where t.oid = to_regclass('public.profiles')
      and has_column_privilege(u.oid, t.oid, a.attnum, 'insert, update')
      and (not t.relrowsecurity or exists (
        select from pg_catalog.pg_policy y
        where y.polrelid = t.oid and y.polcmd in ('a', 'w', '*')))
      and not exists (
        select from pg_catalog.pg_trigger g
        where g.tgrelid = t.oid and g.tgfoid = to_regprocedure('public.keep_plan()')
          and g.tgenabled <> 'D'))
  then
    raise warning 'Users may write public.profiles.plan, and so choose their plan, which the hook '
      'puts into their tokens. Take that right from anon and authenticated, or apply the migration '
      'of plans (init --migration).';
  end if;
end;
$migration$;
