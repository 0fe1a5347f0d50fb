/** Numbers of the size that keys and signatures have. Slow, and for tests alone. */
import { Buffer } from "node:buffer";

/** Big-endian bytes as a number. */
export function big(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
}

/** A number as so many big-endian bytes. */
export function bytesOf(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  const hex = value.toString(16).padStart(length * 2, "0");
  if (value < 0n || hex.length > length * 2) throw new RangeError(`not ${length} bytes`);
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** `base ^ exponent` modulo a number. */
export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base % modulus; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = result * square % modulus;
    square = square * square % modulus;
  }
  return result;
}
