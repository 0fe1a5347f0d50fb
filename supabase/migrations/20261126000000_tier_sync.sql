-- An upgrade is felt at once: `plan_version` counts the changes of a plan, billing writes it by
-- `set_plan`, and Realtime tells of it. For new projects and for those that have `profiles` already;
-- it may be applied twice.
create table if not exists public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  plan text not null default 'free',
  created_at timestamptz not null default now()
);

alter table public.profiles add column if not exists plan_version bigint not null default 0;

create or replace function public.set_plan(user_id uuid, plan text) returns void
language sql security definer set search_path = ''
as $$
  insert into public.profiles (id, plan) values (set_plan.user_id, set_plan.plan)
    on conflict (id) do update set plan = excluded.plan;
$$;

revoke insert, update, delete on public.profiles from anon, authenticated;
revoke execute on function public.set_plan (uuid, text) from public, anon, authenticated;
grant execute on function public.set_plan (uuid, text) to service_role;

do $$
begin
  if exists (select from pg_publication where pubname = 'supabase_realtime') then
    alter publication supabase_realtime add table public.profiles;
  end if;
exception when duplicate_object then null;
end;
$$;
