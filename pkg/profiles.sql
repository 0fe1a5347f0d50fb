-- An upgrade is felt at once: billing writes a plan by `set_plan`, `plan_version` counts the
-- changes, and Realtime tells of them. No user can write a plan.
--
-- For a project without a table `profiles`, for one that has it from an earlier version of this
-- migration, and for one with a `profiles` of its own. It may be applied again. It is one
-- statement, so that it is done as a whole or not at all, whoever runs it. What it cannot do
-- safely, it says.
do $migration$
declare
  path constant text := pg_catalog.current_setting('search_path');
  is_new constant boolean := pg_catalog.to_regclass('public.profiles') is null;
  profiles oid;
  -- The roles that a user's request may have, and those whose rights these have.
  users oid[];
  -- Whether there is a create_profile of this migration's or of the first one's.
  makes_rows boolean;
  -- Of the column plan, where there is one; and what a new row gets by its default.
  plan_default text;
  plan_type text;
  first_plan text;
  held record;
  said text;
begin
  -- Nobody's function or operator slips in. What runs after this has its own path again.
  perform pg_catalog.set_config('search_path', '', true);

  -- The first migration's says nothing of itself, and is known by what it does.
  makes_rows := exists (
    select from pg_proc p
    where p.oid = to_regprocedure('public.create_profile()') and p.prorettype = 'trigger'::regtype
      and (obj_description(p.oid, 'pg_proc') like 'behest-token: %'
        or btrim(regexp_replace(p.prosrc, '\s+', ' ', 'g'))
          ~ '^begin insert into public\.\w+ \(id\) values \(new\.id\); return new; end;$'));
  select string_agg(p.oid::regprocedure::text, ', ') into said from pg_proc p
  where p.oid in (
      to_regprocedure('public.set_plan(uuid, text)'), to_regprocedure('public.keep_plan()'))
    and coalesce(obj_description(p.oid, 'pg_proc'), '') not like 'behest-token: %'
    or is_new and not makes_rows and p.oid = to_regprocedure('public.create_profile()');
  if said is not null then
    raise exception 'There is a function % of your own, and this migration makes one of that name. '
      'Rename or drop yours, then run this again. Nothing was changed.', said;
  end if;

  if is_new then
    select substring(p.prosrc from 'insert into (public\.\w+)') into said from pg_proc p
    where makes_rows and p.oid = to_regprocedure('public.create_profile()');
    if said <> 'public.profiles' then
      raise warning 'The function create_profile() has made a row of % for every new user, and '
        'makes one of public.profiles from now on, where set_plan writes. No plan was taken over.',
        said;
    end if;
    makes_rows := true;

    create table public.profiles (
      id uuid primary key references auth.users (id) on delete cascade,
      plan text not null default 'free',
      created_at timestamptz not null default now()
    );
    revoke all on public.profiles from public, anon, authenticated;
    grant select on public.profiles to anon, authenticated;
    grant select, insert, update, delete on public.profiles to service_role;
    alter table public.profiles enable row level security;

    -- Every user has a profile from the moment of sign-up. `security definer`, because the Auth
    -- server's own role may not write to this table.
    create or replace function public.create_profile() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $$
    begin
      insert into public.profiles (id) values (new.id) on conflict (id) do nothing;
      return new;
    end;
    $$;
    comment on function public.create_profile() is 'behest-token: makes the profile of a new user';
    create or replace trigger create_profile_at_sign_up
      after insert on auth.users
      for each row execute function public.create_profile();
    -- And every user who signed up before.
    insert into public.profiles (id) select u.id from auth.users u on conflict (id) do nothing;
  end if;

  profiles := 'public.profiles'::regclass;
  -- A role with BYPASSRLS is no user's: it writes every row of every table.
  users := array(
    select r.oid from pg_roles r where not r.rolsuper and not r.rolbypassrls and exists (
      select from pg_roles u where u.rolname in ('anon', 'authenticated', 'authenticator')
        and pg_has_role(u.oid, r.oid, 'member')));

  -- What somebody's own table has to be like.
  select case
    when t.relkind <> 'r' or t.relispartition
      or exists (select from pg_inherits i where t.oid in (i.inhparent, i.inhrelid))
      then 'is no plain table'
    when not pg_has_role(t.relowner, 'usage')
      then format('belongs to the role %s, which has to run this', t.relowner::regrole)
    when not exists (
      select from pg_index i join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
      where i.indrelid = t.oid and i.indisprimary and i.indnkeyatts = 1
        and a.attname = 'id' and a.atttypid = 'uuid'::regtype)
      then 'has no primary key id of type uuid, for the user''s id'
    when t.relforcerowsecurity and not (
      select o.rolsuper or o.rolbypassrls from pg_roles o where o.oid = t.relowner)
      then 'has FORCE ROW LEVEL SECURITY, so set_plan could not write it'
    when exists (
      select from pg_constraint f join pg_attribute a
        on a.attrelid = t.oid and f.conkey = array[a.attnum]
      where f.conrelid = t.oid and f.contype = 'f' and f.confrelid = 'auth.users'::regclass
        and a.attname = 'id')
      then null
    when exists (
      select from pg_attrdef d join pg_attribute a on a.attrelid = t.oid and a.attnum = d.adnum
      where d.adrelid = t.oid and a.attname = 'id'
        and pg_get_expr(d.adbin, d.adrelid) <> 'auth.uid()')
      then 'gives rows an id of their own by a default, where the user''s id has to be'
    when exists (
      select from pg_constraint f
      where f.conrelid = t.oid and f.contype = 'f' and f.confrelid = 'auth.users'::regclass)
      then 'refers to auth.users by another column than id, where the user''s id has to be'
    end into said
  from pg_class t where t.oid = profiles;
  said := coalesce(said, (
    select format('has a column %I that is %s, not %s', a.attname,
      case when concat(a.attgenerated, a.attidentity) = '' then a.atttypid::regtype::text
        else 'generated' end,
      case a.attname when 'plan' then 'text' else 'bigint' end)
    from pg_attribute a
    where a.attrelid = profiles and a.attname in ('plan', 'plan_version') and (
      concat(a.attgenerated, a.attidentity) <> ''
      or a.atttypid <> all (case a.attname when 'plan' then '{text,varchar}'::regtype[]
        else '{int4,int8}' end))
    limit 1));
  if said is null then
    -- Before it is read: who reads first and locks then waits for another who does the same.
    lock table public.profiles in access exclusive mode;
    select format('has rows whose id is no user''s, such as %s', min(p.id::text)) into said
    from public.profiles p where not exists (select from auth.users u where u.id = p.id)
    having count(*) > 0;
  end if;

  -- A default of theirs stays, unless it is null.
  select 'select ' || pg_get_expr(d.adbin, d.adrelid), format_type(a.atttypid, a.atttypmod)
  into plan_default, plan_type
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = profiles and a.attname = 'plan';
  if said is null and plan_type is not null then
    execute coalesce(plan_default, 'select null') into first_plan;
    -- Where the plan that a new row gets is not taken, every sign-up would fail: it is tried, with
    -- what binds the plan alone, and undone.
    begin
      execute format('create table public.behest_token_trial (plan %s)', plan_type);
      for held in
        select conname as name, pg_get_constraintdef(oid) as rule from pg_constraint
        where conrelid = profiles and contype in ('c', 'f') and conkey = (
          select array[attnum] from pg_attribute where attrelid = profiles and attname = 'plan')
      loop
        execute format('alter table public.behest_token_trial add constraint %I %s', held.name,
          regexp_replace(held.rule, '( NOT)? DEFERRABLE( INITIALLY DEFERRED)?', ''));
      end loop;
      insert into public.behest_token_trial values (coalesce(first_plan, 'free'));
      raise exception using errcode = 'ZZ000';
    exception
      when sqlstate 'ZZ000' then null;
      when others then
        get stacked diagnostics said = constraint_name;
        said := format('does not take the plan %L, which a new row gets (%s): give plan a default '
          'that it takes', coalesce(first_plan, 'free'),
          coalesce('constraint ' || nullif(said, ''), sqlerrm));
    end;
  end if;
  if said is not null then
    raise exception 'public.profiles %. Change that and run this again. Or keep plans in a table '
      'of their own: write public.plans for public.profiles in all of this migration, and set '
      'BEHEST_PLAN_TABLE=plans. Nothing was changed.', said;
  end if;

  -- The columns.
  alter table public.profiles add column if not exists plan text default 'free';
  alter table public.profiles add column if not exists plan_version bigint default 0;
  if plan_type is not null and first_plan is null then
    alter table public.profiles alter column plan set default 'free';
  end if;
  update public.profiles set plan = default where plan is null;
  update public.profiles set plan_version = 0 where plan_version is null;
  alter table public.profiles
    alter column plan set not null,
    alter column plan_version set default 0,
    alter column plan_version set not null;

  select string_agg(quote_ident(attname), ', ') into said from pg_attribute
  where attrelid = profiles and attnum > 0 and attname <> 'id'
    and attnotnull and not atthasdef and attidentity = '' and not attisdropped;
  if said is not null then
    raise warning 'public.profiles wants a value for %, so set_plan cannot make the row of a user '
      'who has none. Make every row at sign-up, or give a default.', said;
  end if;

  -- A user reads their own row. Policies that are there stay, and let others read what they let.
  if not (select relrowsecurity from pg_class where oid = profiles) then
    alter table public.profiles enable row level security;
    raise warning 'Row level security was off on public.profiles and is on now: users read and '
      'write what policies let them, and nothing else. Write one for what else your app does.';
  end if;
  said := null;
  for held in
    select policyname as name, qual, roles && '{public,authenticated}'::name[] as is_for_users,
      regexp_replace(qual, '[() ]|SELECT|AS uid', '', 'g') in ('auth.uid=id', 'id=auth.uid')
        as is_own
    from pg_policies
    where schemaname || '.' || tablename = 'public.profiles' and permissive = 'PERMISSIVE'
      and cmd in ('SELECT', 'ALL') and (roles = '{public}' or exists (
        select from unnest(users) u where u::regrole::text = any (roles)))
  loop
    if not held.is_own then
      raise warning 'The policy "%" lets users read the rows of public.profiles for which %. Where '
        'those are not only their own, others read the plan, too: keep what others may see in '
        'another table.', held.name, held.qual;
    elsif held.is_for_users then
      said := held.name;
    end if;
  end loop;
  if said is null then
    if exists (
      select from pg_policy
      where polrelid = profiles and polname = 'A user reads their own plan') then
      drop policy "A user reads their own plan" on public.profiles;
    end if;
    create policy "A user reads their own plan" on public.profiles
      for select to authenticated
      using ((select auth.uid()) = id);
  end if;
  grant select (id, plan, plan_version) on public.profiles to authenticated;

  -- First lock: rights. Who may write the whole table may write all other columns from now on.
  said := null;
  for held in
    with rights as (
      select a.grantee, a.privilege_type as name, c.attname as of
      from pg_class t
        cross join aclexplode(coalesce(t.relacl, acldefault('r', t.relowner))) a
        join pg_attribute c on c.attrelid = t.oid
      where t.oid = profiles and c.attnum > 0 and not c.attisdropped
      union
      select a.grantee, a.privilege_type, c.attname
      from pg_attribute c cross join aclexplode(c.attacl) a
      where c.attrelid = profiles and c.attnum > 0 and not c.attisdropped
    )
    select r.name, case r.grantee when 0 then 'public' else r.grantee::regrole::text end as who,
      string_agg(quote_ident(r.of), ', ') filter (where r.of not in ('plan', 'plan_version'))
        as others
    from rights r
    where r.name in ('INSERT', 'UPDATE') and (r.grantee = 0 or r.grantee = any (users))
    group by r.grantee, r.name
    having bool_or(r.of in ('plan', 'plan_version'))
  loop
    execute format('revoke %s on public.profiles from %s', held.name, held.who);
    if held.others is not null then
      execute format('grant %s (%s) on public.profiles to %s', held.name, held.others, held.who);
      said := concat_ws(', ', said, held.name || ' to ' || held.who);
    end if;
  end loop;
  if said is not null then
    raise notice 'On public.profiles these were granted for the whole table, and now are for every '
      'column that there is but plan and plan_version: %. Grant them for columns that you add, '
      'such as: grant insert (name), update (name) on public.profiles to authenticated', said;
  end if;
  select string_agg(u::regrole::text, ', ') into said from unnest(users) u;
  execute format('revoke truncate, trigger on public.profiles from public, %s', said);
  select string_agg(u::regrole::text, ', ') into said from unnest(users) u
  where has_table_privilege(u, profiles, 'truncate, trigger')
    or has_column_privilege(u, profiles, 'plan', 'insert, update')
    or has_column_privilege(u, profiles, 'plan_version', 'insert, update');
  if said is not null then
    raise exception 'These roles may still write plans: %. They have the right from another role '
      'than the owner of public.profiles, or by belonging to one: take that from them, then run '
      'this again. Nothing was changed.', said;
  end if;

  -- Second lock, for a day when somebody grants all on all tables, and for views and functions that
  -- write with their owner's rights: who asks is what counts.
  --
  -- The path names pg_temp last. Where it is not named it comes first, and whoever asks could have a
  -- table or a type of their own in the place of the catalogue's.
  create or replace function public.keep_plan() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    -- What PostgREST has set. current_user would be whoever wrote the function that is running.
    asker constant text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
    is_user constant boolean := exists (
      select from pg_roles r where r.rolname = asker and not r.rolsuper and not r.rolbypassrls
        and (r.rolname in ('anon', 'authenticated')
          or pg_has_role(to_regrole('authenticator')::oid, r.oid, 'member')));
    first text;
    needs_first boolean := false;
    is_refused boolean;
  begin
    if tg_level = 'ROW' then
      if tg_op = 'DELETE' then needs_first := is_user;
      elsif tg_op = 'INSERT' then needs_first := is_user or new.plan is null;
      else needs_first := new.plan is null;
      end if;
    end if;
    if needs_first then
      select 'select ' || pg_get_expr(d.adbin, d.adrelid) into first
      from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
      where d.adrelid = tg_relid and a.attname = 'plan';
      execute coalesce(first, 'select null') into first;
      -- Who wrote no plan by a null, at sign-up or when a subscription ends, goes on doing so.
      if tg_op <> 'DELETE' then new.plan := coalesce(new.plan, first); end if;
    end if;

    if not is_user then
      is_refused := false;
    elsif tg_level = 'STATEMENT' then
      -- Also where no row is met, so that one can ask without changing anything, as `doctor` does.
      is_refused := true;
    elsif tg_op = 'UPDATE' then
      -- Another id would hand the plan to another user.
      is_refused := new.plan is distinct from old.plan or new.id is distinct from old.id;
    elsif tg_op = 'INSERT' then
      is_refused := new.plan is distinct from first;
    else
      -- Deleted and made again, a row would be as new. With its user it may go.
      is_refused := (old.plan is distinct from first or old.plan_version > 0)
        and exists (select from auth.users u where u.id = old.id);
    end if;
    if is_refused then
      raise exception 'Users do not write plans' using errcode = 'insufficient_privilege',
        hint = case tg_op
          when 'DELETE' then 'A row that has had another plan goes when its user is deleted.'
          else 'Leave plan, plan_version and id out. Billing calls set_plan with the secret key.'
          end;
    end if;

    if tg_level = 'STATEMENT' then return null; end if;
    if tg_op = 'DELETE' then return old; end if;
    -- Whatever the statement says of it.
    new.plan_version := case tg_op when 'INSERT' then 0
      else old.plan_version + (new.plan is distinct from old.plan)::int end;
    return new;
  end;
  $$;
  comment on function public.keep_plan() is 'behest-token: keeps plans from users';
  -- The last by its name, so that it sees what triggers before it have made of the row.
  create or replace trigger zzz_keep_plan
    before insert or update or delete on public.profiles
    for each row execute function public.keep_plan();
  create or replace trigger keep_plan_from_users
    before update of plan, plan_version or truncate on public.profiles
    for each statement execute function public.keep_plan();

  -- For billing. `security definer`, because the secret key's role does not see auth.users.
  create or replace function public.set_plan(user_id uuid, plan text) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
  declare
    written text;
  begin
    if set_plan.plan is null or btrim(set_plan.plan) = '' then
      raise exception 'plan is empty: give its name, such as free'
        using errcode = 'invalid_parameter_value';
    end if;
    -- PostgREST makes 404 of this code. Billing gives up where it comes: nothing else may say it.
    if not exists (select from auth.users u where u.id = set_plan.user_id) then
      raise exception 'There is no user %: give an id of auth.users', coalesce(user_id::text, '?')
        using errcode = 'PT404';
    end if;
    begin
      -- The same plan again writes nothing. An insert comes second, and for no row that is there:
      -- it would run triggers. Between two statements others make the row, or take it away: again.
      for round in 1..5 loop
        update public.profiles p set plan = set_plan.plan
        where p.id = set_plan.user_id and p.plan is distinct from set_plan.plan
        returning p.plan into written;
        if found and written is distinct from set_plan.plan then
          raise exception 'The plan of % stays %', user_id, written using
            hint = 'A trigger of public.profiles puts it back.';
        end if;
        if found or exists (
          select from public.profiles p
          where p.id = set_plan.user_id and p.plan = set_plan.plan) then
          return;
        end if;
        insert into public.profiles (id, plan) select set_plan.user_id, set_plan.plan
        where not exists (select from public.profiles p where p.id = set_plan.user_id)
        on conflict (id) do nothing;
        if found then return; end if;
      end loop;
    exception when sqlstate 'PT404' then
      raise exception '%', sqlerrm using hint = 'A trigger of public.profiles said this.';
    end;
    raise exception 'The plan of % was not written', user_id using
      errcode = 'serialization_failure',
      hint = 'Others wrote the row at the same time: call again. Or a trigger of '
        'public.profiles drops the write.';
  end;
  $$;
  comment on function public.set_plan(uuid, text) is 'behest-token: gives a plan; for billing';
  -- Supabase grants every new function to its roles by name.
  revoke execute on function public.set_plan(uuid, text) from public, anon, authenticated;
  grant execute on function public.set_plan(uuid, text) to service_role;
  revoke execute on function public.keep_plan() from public, anon, authenticated;
  if makes_rows then
    revoke execute on function public.create_profile() from public, anon, authenticated;
  end if;

  -- What only its owner can judge. The definition of a function also shows a body that is parsed;
  -- an aggregate has none.
  for held in
    with functions as (
      select p.oid::regprocedure::text as name, p.prosecdef, p.prorettype,
        exists (
          select from pg_trigger t where t.tgfoid = p.oid and t.tgrelid = 'auth.users'::regclass
        ) as is_at_sign_up,
        case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) end as body,
        split_part('public.profiles', '.', 2) as target
      from pg_proc p
      where p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        and coalesce(obj_description(p.oid, 'pg_proc'), '') not like 'behest-token: %'
    )
    select
      string_agg(name, ', ') filter (
        where prosecdef and body ~* ('\m(raw_user_meta_data|' || target || ')\M')
            and body ~* '\m(plan|jsonb?_populate_record(set)?)\M'
          or is_at_sign_up and body ~* '\mraw_user_meta_data\M') as takers,
      string_agg(name, ', ') filter (
        where prorettype <> 'trigger'::regtype
          and body ~* ('\mdelete\s+from\s+(only\s+)?("?public"?\.)?"?' || target || '\M')
      ) as deleters,
      (select string_agg(quote_ident(t.tgname), ', ') from pg_trigger t
        where t.tgrelid = profiles and not t.tgisinternal and t.tgenabled <> 'D'
          -- Before, for each row, of an insert or update.
          and t.tgtype & 3 = 3 and t.tgtype & 20 <> 0 and t.tgname > 'zzz_keep_plan') as later
    from functions
  loop
    if held.takers is not null then
      raise warning 'Look at %. Where one takes a plan, or all columns, from what a user says, as '
        'raw_user_meta_data is, users choose their plan: take columns by name, and not this one. '
        'And where users call one that writes a plan, it is refused.', held.takers;
    end if;
    if held.deleters is not null then
      raise warning 'Look at %. Where users call it, a row of public.profiles that has had another '
        'plan is not deleted while its user is there. To delete an account delete the user: with '
        'on delete cascade the row goes, too.', held.deleters;
    end if;
    if held.later is not null then
      raise warning 'Triggers of public.profiles run after zzz_keep_plan, which does not see what '
        'they make of a plan: %. Give them names that sort before it.', held.later;
    end if;
  end loop;

  -- Realtime, where there is one; without it an upgrade is felt at the end of a token's life.
  select p.pubname, p.pubupdate, pg_has_role(p.pubowner, 'usage') as is_ours, t.attnames,
    (select relreplident from pg_class where oid = profiles) as identity into held
  from pg_publication p left join pg_publication_tables t
    on t.pubname = p.pubname and t.schemaname || '.' || t.tablename = 'public.profiles'
  where p.pubname = 'supabase_realtime';
  if held.is_ours and held.identity <> 'n' and held.attnames is null then
    alter publication supabase_realtime add table public.profiles;
  elsif held.attnames @> '{id,plan}'::name[] is not true and held.pubname is not null then
    raise warning 'Realtime does not tell of plans: the publication supabase_realtime belongs to '
      'another role, or lists columns of public.profiles without id and plan, or that table has no '
      'replica identity. Change that, then: alter publication supabase_realtime add table '
      'public.profiles';
  end if;
  if not held.pubupdate then
    raise warning 'Realtime does not tell of plans: the publication supabase_realtime leaves '
      'updates out. Change that: alter publication supabase_realtime '
      'set (publish = ''insert, update, delete'')';
  end if;

  perform pg_catalog.set_config('search_path', path, true);
end;
$migration$;
