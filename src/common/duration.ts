const UNITS = { w: 604800, d: 86400, h: 3600, m: 60, s: 1 } as const;

const SPELLED = /^(?:(\d{1,8})w)?(?:(\d{1,8})d)?(?:(\d{1,8})h)?(?:(\d{1,8})m)?(?:(\d{1,8})s)?$/;
const CLOCK = /^(?:(\d{1,8})w)?(?:(\d{1,8})d)?\s?(\d{1,2}):(\d{2}):(\d{2})$/;
const MILLISECONDS = /\d+ms$/;

/**
 * The longest timeout that RouterOS takes for an address list entry, in seconds
 * (35w3d13h13m56s, from its manual).
 */
export const LONGEST_TIMEOUT = 21474836;

/**
 * Reads a duration as a person writes it: whole seconds (`90`), or units from the largest to the
 * smallest (`1h30m`, `2d`, `1w`).
 *
 * @returns whole seconds, or undefined when the text is no duration
 */
export function parseDuration(text: string): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  return text === '' ? undefined : sum(SPELLED.exec(text));
}

/**
 * Reads the time left as RouterOS prints it: `1w2d3h4m5s`, with a clock part (`1d02:03:04`) in some
 * versions, perhaps with milliseconds.
 *
 * @returns whole seconds, rounded down, or undefined when the text is no duration
 */
export function parseRouterDuration(text: string): number | undefined {
  const clock = CLOCK.exec(text);
  if (clock !== null) return sum(clock);
  const whole = text.replace(MILLISECONDS, '');
  return whole === '' && text !== '' ? 0 : parseDuration(whole);
}

/** Writes whole seconds as RouterOS does: `1w2d3h4m5s`, parts that are zero left out. */
export function formatDuration(seconds: number): string {
  let rest = seconds;
  let text = '';
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

function sum(match: RegExpExecArray | null): number | undefined {
  if (match === null) return undefined;
  return Object.values(UNITS).reduce(
    (total, size, index) => total + size * Number(match[index + 1] ?? 0),
    0,
  );
}
