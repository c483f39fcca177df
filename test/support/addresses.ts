/** Word by word from the RFCs, and nothing of Node's: what the program's own reader is held to. */

/** 32 bits; undefined when the text is not the one dotted form of a number. */
export function ipv4Bits(text: string): bigint | undefined {
  const octets = text.split('.').map(Number);
  const bits = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return dotted(bits) === text ? BigInt(bits) : undefined;
}

/** The dotted form of 32 bits. */
export function dotted(bits: number): string {
  return [2 ** 24, 2 ** 16, 2 ** 8, 1].map((unit) => Math.floor(bits / unit) % 256).join('.');
}

/** The 8 groups of an IPv6 address in any spelling of RFC 4291, 2.2; undefined for other text. */
export function ipv6Groups(text: string): number[] | undefined {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  if (halves.length > 2) return undefined;
  const groups = halves.map((half, index) =>
    half.flatMap((part, position) => {
      const isLast = index === halves.length - 1 && position === half.length - 1;
      const bits = isLast ? ipv4Bits(part) : undefined;
      if (bits !== undefined) return [Number(bits >> 16n), Number(bits & 0xffffn)];
      return /^[0-9a-fA-F]{1,4}$/.test(part) ? Number.parseInt(part, 16) : Number.NaN;
    }),
  );
  const missing = 8 - groups.flat().length;
  if (groups.flat().some(Number.isNaN) || (halves.length === 2 ? missing < 1 : missing !== 0)) {
    return undefined;
  }
  const [first = [], second = []] = groups;
  return [...first, ...new Array<number>(missing).fill(0), ...second];
}

/** RFC 5952: lower case, no leading zeros, `::` for the first of the longest runs of zeros. */
export function rfc5952(groups: readonly number[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length < 2) return hex.join(':');
  const [before, after] = [hex.slice(0, best.start), hex.slice(best.start + best.length)];
  return `${before.join(':')}::${after.join(':')}`;
}

/** An address as a number, to compute with networks. */
export function bitsOf(text: string): { family: 4 | 6; bits: bigint } | undefined {
  const four = ipv4Bits(text);
  if (four !== undefined) return { family: 4, bits: four };
  const groups = ipv6Groups(text);
  if (groups === undefined) return undefined;
  return { family: 6, bits: groups.reduce((sum, group) => sum * 65536n + BigInt(group), 0n) };
}

/** The address that parseAddress must read from a text. */
export function canonical(text: string): { family: 4 | 6; text: string } | undefined {
  if (ipv4Bits(text) !== undefined) return { family: 4, text };
  const groups = ipv6Groups(text);
  return groups === undefined ? undefined : { family: 6, text: rfc5952(groups) };
}

/** Whether nobody can knock from an address, or the router could not let it in. */
export function isUnfit(text: string): boolean {
  const { family, bits } = bitsOf(text)!;
  if (family === 4) {
    const first = bits >> 24n;
    return first === 0n || first === 127n || first >= 224n || bits >> 16n === 0xa9fen;
  }
  const isLinkLocal = bits >> 118n === 0xfe80n >> 6n;
  return bits <= 1n || isLinkLocal || bits >> 120n === 0xffn || bits >> 32n === 0xffffn;
}
