/** What the migration cannot judge, it names: whether a function or trigger is a way to a plan. */
import assert from "node:assert/strict";
import { OWN, projectTest, SYNC, useEngines } from "../support/migrations.ts";

useEngines();

/** A function that the Auth server's insert or update of a user calls. */
function atSignUp(body: string, rights = "security definer", event = "insert"): string {
  return `${OWN}
    create function public.sync_user() returns trigger language plpgsql ${rights}
      as $$ begin ${body} return new; end; $$;
    create trigger sync_user after ${event} on auth.users
      for each row execute function public.sync_user();`;
}

const ROW = "(jsonb_populate_record(null::public.profiles, new.raw_user_meta_data)).*";

const TAKES = /Look at public\.(sync_user|choose)\([^)]*\)\. Where one takes a plan/;
const DELETES = /Look at public\.leave\(\)\. Where users call it, a row .* is not deleted/;
const LATER = /run after zzz_keep_plan, .*: zzzz_wish\. Give them names/;

/** A state, and what is said of it. */
const SAID: readonly (readonly [what: string, before: string, words: RegExp])[] = [
  [
    "a sign-up that takes a plan",
    atSignUp("update public.profiles set plan = new.raw_user_meta_data ->> 'plan';"),
    TAKES,
  ],
  ["a sign-up that takes all columns", atSignUp(`insert into profiles select ${ROW};`), TAKES],
  [
    "a change of a user that takes columns by whatever name",
    atSignUp("perform jsonb_each_text(new.raw_user_meta_data);", "", "update"),
    TAKES,
  ],
  [
    "a function whose body is parsed",
    `${OWN} alter table public.profiles add column plan text;
    create function public.choose(id uuid, tier text) returns void language sql security definer
      begin atomic insert into public.profiles (id, plan) values (id, tier); end;`,
    TAKES,
  ],
  [
    "a function that writes what it is told by a statement that it makes",
    `${OWN} create function public.choose(name text) returns void
      language plpgsql security definer
      as $$ begin execute 'update profiles set ' || name || ' = plan'; end; $$;`,
    TAKES,
  ],
  [
    "an account that is deleted row first",
    `${OWN} create function public.leave() returns void language plpgsql security definer
      as $$ begin
        delete  from public."profiles" where id = auth.uid();
        delete from auth.users where id = auth.uid();
      end; $$;`,
    DELETES,
  ],
  [
    "an account that is deleted row first, by a body that is parsed",
    `${OWN} create function public.leave() returns void language sql
      begin atomic delete from public.profiles where id = auth.uid(); end;`,
    DELETES,
  ],
  [
    "a trigger that writes after ours",
    `${OWN} create function public.wish() returns trigger language plpgsql
      as $$ begin return new; end; $$;
    create trigger zzzz_wish before insert or update on public.profiles
      for each row execute function public.wish();`,
    LATER,
  ],
  [
    "a publication of inserts alone",
    "alter publication supabase_realtime set (publish = 'insert')",
    /Realtime does not tell of plans: .* leaves updates out\. Change that: alter publication/,
  ],
];

for (const [what, before, words] of SAID) {
  projectTest(`${what} is named`, async (db) => {
    await db.migrate(before);
    await db.migrate(SYNC);
    assert.match(db.heard().join("\n"), words);
  });
}

/** What is no way to a plan, and is close to one. */
const UNSAID: readonly (readonly [what: string, before: string])[] = [
  [
    "a function of the caller's own rights",
    `${OWN} create function public.plan() returns text language sql
      as $$ select name from public.profiles $$;`,
  ],
  [
    "a function with its owner's rights that writes another column",
    `${OWN} create function public.rename(text) returns void language sql security definer
      as $$ update public.profiles set name = $1 where id = auth.uid() $$;`,
  ],
  [
    "an account that is deleted by its user",
    `${OWN} create function public.leave() returns void language sql security definer
      as $$ delete from auth.users where id = auth.uid() $$;`,
  ],
  [
    "triggers that run before ours, after the write, or never",
    `${OWN} create function public.wish() returns trigger language plpgsql
      as $$ begin return new; end; $$;
    create trigger wish before update on public.profiles
      for each row execute function public.wish();
    create trigger zzzz_wish after update on public.profiles
      for each row execute function public.wish();
    create trigger zzzz_never before update on public.profiles
      for each row execute function public.wish();
    alter table public.profiles disable trigger zzzz_never;`,
  ],
  ["an aggregate", `${OWN} create aggregate public.plan (text) (sfunc = textcat, stype = text);`],
];

for (const [what, before] of UNSAID) {
  projectTest(`of ${what} nothing is said`, async (db) => {
    await db.migrate(before);
    await db.migrate(SYNC);
    assert.doesNotMatch(db.heard().join("\n"), /Look at|run after|Realtime/);
  });
}
