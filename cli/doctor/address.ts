/** Which IP addresses lead to the public internet (IANA's special-purpose registries, RFC 6890). */

/** Where an address leads that is no public one. */
export type Nearby =
  | "loopback"
  | "unspecified"
  | "private"
  | "link-local"
  | "multicast"
  | "reserved";

type Block = readonly [address: string, bits: number, kind: Nearby];

const V4: readonly Block[] = [
  ["0.0.0.0", 8, "unspecified"],
  ["10.0.0.0", 8, "private"],
  // A provider's customers, and what a VPN makes of them (RFC 6598).
  ["100.64.0.0", 10, "private"],
  ["127.0.0.0", 8, "loopback"],
  // Azure's host, which answers its own machines alone.
  ["168.63.129.16", 32, "link-local"],
  // With the metadata of most clouds, keys among it.
  ["169.254.0.0", 16, "link-local"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved"],
  ["192.0.2.0", 24, "reserved"],
  ["192.88.99.0", 24, "reserved"],
  ["192.168.0.0", 16, "private"],
  ["198.18.0.0", 15, "reserved"],
  ["198.51.100.0", 24, "reserved"],
  ["203.0.113.0", 24, "reserved"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
];

const V6: readonly Block[] = [
  ["::", 128, "unspecified"],
  ["::1", 128, "loopback"],
  ["64:ff9b:1::", 48, "private"],
  ["fc00::", 7, "private"],
  ["fe80::", 10, "link-local"],
  ["fec0::", 10, "private"],
  ["ff00::", 8, "multicast"],
  // Within the public block: Teredo and 6to4 lead to the IPv4 address within, the others nowhere.
  ["2001::", 23, "reserved"],
  ["2001:db8::", 32, "reserved"],
  ["2002::", 16, "reserved"],
  ["3fff::", 20, "reserved"],
];

/** The one block that public addresses are given from. */
const V6_PUBLIC = { address: "2000::", bits: 3 };

/** An IPv4 address stands in the last four bytes: mapped (RFC 4291), and NAT64 (RFC 6052). */
const V6_EMBEDDING = ["::ffff:0:0", "64:ff9b::"];

/** Where an address leads; `undefined` for a public one. What cannot be read is none. */
export function nearbyOf(address: string): Nearby | undefined {
  const bytes = bytesOf(address);
  if (bytes === undefined) return "reserved";
  if (bytes.length === 4) return kindIn(V4, bytes);
  if (V6_EMBEDDING.some((prefix) => isWithin(bytes, prefix, 96))) {
    return kindIn(V4, bytes.slice(12));
  }
  const isPublic = isWithin(bytes, V6_PUBLIC.address, V6_PUBLIC.bits);
  return kindIn(V6, bytes) ?? (isPublic ? undefined : "reserved");
}

function kindIn(blocks: readonly Block[], bytes: number[]): Nearby | undefined {
  return blocks.find(([prefix, bits]) => isWithin(bytes, prefix, bits))?.[2];
}

function isWithin(bytes: number[], prefix: string, bits: number): boolean {
  const wanted = bytesOf(prefix) ?? [];
  return wanted.every((byte, index) => {
    const left = Math.min(Math.max(bits - index * 8, 0), 8);
    const mask = 0xff << (8 - left);
    return (byte & mask & 0xff) === (bytes[index] & mask & 0xff);
  });
}

/** 4 bytes or 16, as a resolver writes addresses; `undefined` for anything else. */
function bytesOf(address: string): number[] | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    const bytes = address.split(".").map(Number);
    return bytes.every((byte) => byte < 256) ? bytes : undefined;
  }
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(`http://[${address}]`)) return undefined;
  // The platform writes an IPv4 tail as two groups, and the longest run of zeros as `::`.
  const [head, tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const [before, after] = [head, tail ?? ""].map((part) => part === "" ? [] : part.split(":"));
  const zeros = Array(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
