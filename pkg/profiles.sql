-- What a user pays for. The function reads `plan` with the user's own session,
-- so row level security decides here what it may see.
create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  plan text not null default 'free',
  created_at timestamptz not null default now()
);

alter table public.profiles enable row level security;

-- There is no policy for insert, update or delete on purpose: a user who could
-- write `plan` would give themselves a tier. Billing writes it with the service
-- role, which row level security does not bind.
create policy "A user reads their own profile" on public.profiles
  for select to authenticated
  using ((select auth.uid()) = id);

-- Every user has a profile from the moment of sign-up. `security definer`,
-- because the Auth server's own role may not write to this table; the empty
-- search path keeps another schema from slipping in a `profiles` of its own.
create function public.create_profile() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.profiles (id) values (new.id);
  return new;
end;
$$;

create trigger create_profile_at_sign_up
  after insert on auth.users
  for each row execute function public.create_profile();

-- And every user who signed up before there were profiles. (`where true` is for SQLite's parser.)
insert into public.profiles (id)
  select id from auth.users where true
  on conflict (id) do nothing;
