/** A deployment chooses where the doctor sends a Behest token: never to what is near the user. */
import assert from "node:assert/strict";
import { nearbyOf } from "../../cli/doctor/address.ts";
import { resolve } from "../../cli/doctor/fetch_at.ts";
import { type Elsewhere, examineElsewhere, PUBLIC, SESSION } from "../support/doctor_elsewhere.ts";
import { AFTER_ADDRESS, AFTER_MINTS, AFTER_SESSION, assertCross } from "../support/doctor_run.ts";
import { idsOf } from "../support/doctor_run.ts";

/** The first address of a block, its last, and those before and after it. */
const BLOCKS: [kind: string, first: string, last: string, ...around: string[]][] = [
  ["unspecified", "0.0.0.0", "0.255.255.255", "1.0.0.0"],
  ["private", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"],
  ["private", "100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"],
  ["loopback", "127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"],
  ["link-local", "168.63.129.16", "168.63.129.16", "168.63.129.15", "168.63.129.17"],
  ["link-local", "169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"],
  ["private", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"],
  ["reserved", "192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"],
  ["reserved", "192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"],
  ["reserved", "192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"],
  ["private", "192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"],
  ["reserved", "198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"],
  ["reserved", "198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"],
  ["reserved", "203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"],
  ["multicast", "224.0.0.0", "239.255.255.255", "223.255.255.255"],
  ["reserved", "240.0.0.0", "255.255.255.255"],
  ["unspecified", "::", "::"],
  ["loopback", "::1", "::1"],
  ["private", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["link-local", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["private", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["multicast", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ["private", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"],
  ["reserved", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::", "2000:ffff::"],
  ["reserved", "2001:db8::", "2001:db8:ffff::", "2001:db7:ffff::", "2001:db9::"],
  ["reserved", "2002::", "2002:ffff::", "2001:ffff::", "2003::"],
  ["reserved", "3fff::", "3fff:fff:ffff::", "3fff:1000::", "3ffe:ffff::"],
  // What nobody was given yet, and the addresses that hold an IPv4 one without leading there.
  ["reserved", "::2", "1fff:ffff::", "2000::", "3ffe::"],
  ["reserved", "4000::", "fbff:ffff::"],
  ["reserved", "::7f00:1", "::ffff:0:7f00:1"],
  // An IPv4 address within.
  ["loopback", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8", "::FFFF:808:808"],
  ["private", "64:ff9b::10.0.0.1", "64:ff9b::a00:1", "64:ff9b::8.8.8.8", "64:ff9b::808:808"],
  // What no resolver writes.
  ["reserved", "", "fe80::1%eth0"],
  ["reserved", "8.8.8", "8.8.8.256"],
  ["reserved", "0x8.8.8.8", "1.2.3.4.5"],
  ["reserved", "2000::1::2", "2000:1:2:3:4:5:6:7:8"],
];

Deno.test("every block that is not the public internet's is known, from its first address to its last", () => {
  for (const [kind, first, last, ...around] of BLOCKS) {
    assert.deepEqual([nearbyOf(first), nearbyOf(last)], [kind, kind], `${first} to ${last}`);
    for (const address of around) assert.equal(nearbyOf(address), undefined, address);
  }
});

/** Exactly the gateway's address is a cross, and nothing went there. */
async function assertKept(elsewhere: Elsewhere, meaning: RegExp, advice = /BEHEST_BASE_URL/) {
  const visited = await examineElsewhere(elsewhere);
  assertCross(visited, "gateway_address", meaning, advice, AFTER_ADDRESS);
  const { url = "https://ref.supabase.co" } = elsewhere;
  assert.ok(visited.sent.length > 4);
  assert.ok(visited.sent.every(({ url: sent }) => sent.startsWith(`${url}/`)));
}

Deno.test("an address that a function names is refused where it leads nowhere public", async () => {
  for (
    const [host, kind] of [
      ["127.0.0.1", "loopback"],
      ["127.1.2.3", "loopback"],
      ["0.0.0.0", "unspecified"],
      ["10.0.0.1", "private"],
      ["100.64.0.1", "private"],
      ["172.16.0.1", "private"],
      ["192.168.1.1", "private"],
      ["169.254.169.254", "link-local"],
      ["224.0.0.1", "multicast"],
      ["255.255.255.255", "reserved"],
      ["[::]", "unspecified"],
      ["[::1]", "loopback"],
      ["[fe80::1]", "link-local"],
      ["[fd00:ec2::254]", "private"],
      ["[::ffff:7f00:1]", "loopback"],
      ["[64:ff9b::a00:1]", "private"],
    ]
  ) {
    // The real resolver: it answers for addresses without a network.
    const world = { resolve };
    await assertKept(
      { minted: { baseUrl: `https://${host}` }, world },
      new RegExp(`\\(${kind}\\)`),
    );
  }
});

Deno.test("an address on this machine is refused over http, too, unless the user named one", async () => {
  for (const host of ["127.0.0.1:9", "[::1]:9", "localhost:9"]) {
    await assertKept({ minted: { baseUrl: `http://${host}` }, names: [["::1"]] }, /\(loopback\)/);
  }
  const url = "http://127.0.0.1:54321";
  for (const baseUrl of ["http://127.0.0.1:54330", "http://localhost:54330", "https://localhost"]) {
    const names = [["::1", "127.0.0.1"]];
    const beside = await examineElsewhere({ url, minted: { baseUrl }, names });
    assert.deepEqual(idsOf(beside, "failed"), []);
    assert.ok(beside.sent.some((sent) => sent.url.startsWith(baseUrl)));
  }
  const near = { url, minted: { baseUrl: "https://gateway.example" } };
  await assertKept({ ...near, names: [["192.168.1.1"]] }, /\(private\)/);
  await assertKept({ ...near, names: [["::1", "169.254.169.254"]] }, /\(link-local\)/);
  const open = { url, minted: { baseUrl: "http://localhost:54330" } };
  await assertKept({ ...open, names: [[PUBLIC]] }, /leads to 8\.8\.8\.8, over http/);
});

Deno.test("another way to write an address is the same address, or none", async () => {
  for (
    const baseUrl of [
      "https://2130706433",
      "https://0x7f000001",
      "https://0x7f.1",
      "https://0177.0.0.1",
      "https://127.1",
      "https://[::ffff:127.0.0.1]",
      "https://[0:0:0:0:0:0:0:1]",
      "https://LOCALHOST",
      "https://１２７.0.0.1",
      "https://127。0。0。1",
    ]
  ) {
    const visited = await examineElsewhere({ minted: { baseUrl }, world: { resolve } });
    assertCross(visited, "mints", /baseUrl is missing or wrong/, /deploy/, AFTER_MINTS);
    assert.equal(visited.sent.filter(({ addresses }) => addresses).length, 0, baseUrl);
  }
  const dotted = { minted: { baseUrl: "https://localhost." }, names: [["127.0.0.1"]] };
  await assertKept(dotted, /\(loopback\)/);
});

Deno.test("a name is judged by every address that it has", async () => {
  for (
    const found of [
      ["10.0.0.1"],
      [PUBLIC, "10.0.0.1"],
      [PUBLIC, "2001:4860:4860::8888", "fd00::1"],
      ["fe80::1%eth0"],
      [],
    ]
  ) {
    await assertKept({ names: [found] }, /gateway\.example leads to .*, so the token is not sent/);
  }
});

Deno.test("a name that leads elsewhere when asked again is asked once, and the answer kept", async () => {
  const names = [[PUBLIC, "2001:4860:4860::8888"], ["127.0.0.1"]];
  const { sent, asked } = await examineElsewhere({ names });
  // Twice: once for the table, once for programs.
  assert.deepEqual(asked, ["gateway.example", "gateway.example"]);
  const there = sent.filter(({ url }) => url.startsWith("https://gateway.example/"));
  assert.equal(there.length, 2 * 4);
  for (const { addresses } of there) assert.deepEqual(addresses, names[0]);
});

Deno.test("a name that is not known, or is looked up for too long, is a cross of its own", async () => {
  const unknown = Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" });
  await assertKept({ names: [unknown] }, /host name is not known \(DNS\)/);
  const open: (() => void)[] = [];
  const hang = () => new Promise<string[]>((resolve) => open.push(() => resolve([PUBLIC])));
  await assertKept({ world: { resolve: hang, limitMs: 200 } }, /no answer within 0\.2 s/);
  open.forEach((end) => end());
});

Deno.test("a token of another project is sent nowhere", async () => {
  const url = "https://other.supabase.co";
  const { sent, ...examined } = await examineElsewhere({ url, args: ["--token", SESSION] });
  assertCross(examined, "session", /another project's/, /--url/, AFTER_SESSION);
  assert.ok(
    sent.length > 4 && sent.every(({ authorization }) => !authorization?.includes(SESSION)),
  );
});

for (
  const [what, answer, meaning] of [
    ["the session token itself", { token: SESSION }, /the session token itself/],
    ["an address that can be listened to", { baseUrl: "http://gateway.example" }, /baseUrl is/],
    ["an address with a path", { baseUrl: "https://gateway.example/admin" }, /baseUrl is/],
    ["an address with a password", { baseUrl: "https://u:p@gateway.example" }, /baseUrl is/],
    ["a host of shell's signs", { baseUrl: "https://a$(id)\"';`b.example" }, /baseUrl is/],
    ["an endless host", { baseUrl: `https://${"a.".repeat(200)}example` }, /baseUrl is/],
    ["a session id that breaks a header", { sessionId: "a\r\nb" }, /sessionId is/],
  ] as const
) {
  Deno.test(`a function that answers with ${what} is a cross, and nothing is sent there`, async () => {
    const { sent, ...examined } = await examineElsewhere({ minted: answer });
    assertCross(examined, "mints", meaning, /deploy/, AFTER_MINTS);
    assert.ok(sent.every(({ url }) => url.startsWith("https://ref.supabase.co/")));
  });
}
