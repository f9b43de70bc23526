/**
 * IP addresses as people write them.
 *
 * @module
 */

/** The four numbers of an IPv4 address in dotted form, all of them decimal and without leading zeros; null for anything else. */
function parseIPv4(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = parts.map((part) => /^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256);
  return bytes.every((byte) => byte < 256) ? bytes : null;
}

/** The groups on one side of the `::`. An IPv4 address may stand at the very end, for two of them (RFC 4291 section 2.2). */
function parseGroups(text: string, isEnd: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(parseInt(part, 16));
      continue;
    }
    const [a, b, c, d] = isEnd && i === parts.length - 1 ? parseIPv4(part) ?? [] : [];
    if (a === undefined || b === undefined || c === undefined || d === undefined) return null;
    groups.push(a * 256 + b, c * 256 + d);
  }
  return groups;
}

/** The eight groups of an IPv6 address, its scope (`%eth0`) put aside; null for anything else. */
function parseIPv6(text: string): number[] | null {
  const [address = "", scope] = text.split("%", 2);
  if (scope === "") return null;
  const [front = "", back, more] = address.split("::");
  if (more !== undefined) return null;
  const before = parseGroups(front, back === undefined);
  if (before === null) return null;
  if (back === undefined) return before.length === 8 ? before : null;
  const after = parseGroups(back, true);
  // The `::` stands for one group of zeros at least.
  if (after === null || before.length + after.length > 7) return null;
  return [...before, ...Array(8 - before.length - after.length).fill(0), ...after];
}

/** Whether `host` is an IPv4 address in dotted form. Twisted's `isIPAddress`. */
export function isIPAddress(host: string): boolean {
  return parseIPv4(host) !== null;
}

/** Whether `host` is an IPv6 address, with or without a scope (`fe80::1%eth0`). Twisted's `isIPv6Address`. */
export function isIPv6Address(host: string): boolean {
  return parseIPv6(host) !== null;
}

/** Whether two are one IP address, however each is written. The scope of an IPv6 address is not looked at: Deno does not report it. */
export function isSameHost(a: string, b: string): boolean {
  if (a === b) return true;
  const groups = parseIPv6(a);
  return groups !== null && groups.join() === parseIPv6(b)?.join();
}
