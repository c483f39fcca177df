const LONGEST_QUOTE = 40;

/** Replaces all but printable ASCII by `?`: foreign text may hold the escape codes of a terminal. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

/** Shortens text to a number of characters, `...` included. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 3))}...`;
}

/** Shortens text to a number of characters, `...` included, and keeps both of its ends. */
export function clipMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 3) / 2);
  return `${text.slice(0, length - 3 - tail)}...${text.slice(text.length - tail)}`;
}

/** Quotes foreign text, shortened and printable. */
export function quote(text: string): string {
  return `"${clip(printable(text), LONGEST_QUOTE)}"`;
}

/** Whether text is printable ASCII: RouterOS would store any other character as `?`. */
export function isPrintable(text: string): boolean {
  return printable(text) === text;
}

/** Whether text is a host name, and no IP address. */
export function isHostName(text: string): boolean {
  const isSpelled = /^(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text);
  return isSpelled && !text.includes('..') && text.length <= 253;
}

/** Writes a word for a shell: in quotes, where it needs them. */
export function shellWord(text: string): string {
  return /^[\w./@%+:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
