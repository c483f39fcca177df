/** Times as RouterOS reads and prints them. */

const UNITS = { w: 604800, d: 86400, h: 3600, m: 60, s: 1 };

/** `1w2d3h4m5s`, `1h`, bare seconds [P duration-units, duration-day, duration-seconds]. */
const BY_UNITS = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/;
/** `00:01:00`, `1d 00:00:30`, and `35w3d13:13:56` as the manual's trap prints it [C]. */
const BY_CLOCK = /^(?:(\d+)w)?(?:(\d+)d)? ?(\d+):(\d\d):(\d\d)$/;

/** @returns seconds; undefined if the text is no time */
export function parseDuration(text: string): number | undefined {
  const parts = text === '' ? null : (BY_UNITS.exec(text) ?? BY_CLOCK.exec(text));
  if (!parts) return undefined;
  return Object.values(UNITS).reduce(
    (sum, unit, index) => sum + unit * Number(parts[index + 1] ?? 0),
    0,
  );
}

/**
 * @param seconds rounded down [I time-left], as a count-down shows it
 * @returns `1w2d3h4m5s` without the parts that are zero; `0s` for nothing
 */
export function printDuration(seconds: number): string {
  let rest = Math.floor(seconds);
  let text = '';
  for (const [letter, unit] of Object.entries(UNITS)) {
    const count = Math.floor(rest / unit);
    if (count > 0) text += `${count}${letter}`;
    rest -= count * unit;
  }
  return text === '' ? '0s' : text;
}
