/** Texts as RouterOS reads them on its console and in scripts. */

/**
 * Writes a text as a string of RouterOS: `"`, `\`, `$` and `?` are escaped, and every byte that is not
 * printable ASCII becomes `\XX` in upper-case hex (RouterOS manual, Scripting, constant escape
 * sequences).
 */
export function quoteText(text: string): string {
  const written = [...Buffer.from(text, 'utf8')].map((byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) return `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    return /["\\$?]/.test(character) ? `\\${character}` : character;
  });
  return `"${written.join('')}"`;
}

/** Quotes a text only where a bare word would not do. */
export function consoleWord(text: string): string {
  return /^[A-Za-z0-9][\w.,:/-]*$/.test(text) ? text : quoteText(text);
}
