import qrcode from 'qrcode-generator';
import type { ClientKeys } from './setup';

const QUIET = 4; // modules of light around the code, by ISO/IEC 18004

/** The text of the QR code that the Fwknop2 app for Android scans. */
export function phoneText({ key, hmacKey }: ClientKeys): string {
  return `KEY_BASE64:${key} HMAC_KEY_BASE64:${hmacKey}`;
}

/** Draws a text as a QR code: an SVG file, dark on light. */
export function drawSvg(text: string): string {
  const rows = modules(text);
  const size = rows.length;
  const dark = rows.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size * 8}" height="${size * 8}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">
<path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/>
<path fill="#000" d="${dark.join('')}"/>
</svg>
`;
}

/**
 * Draws a text as a QR code for a terminal, two rows of modules a line.
 *
 * @param colour whether to set the colours, so that light is light on every terminal; without it, the
 *   light modules are drawn, which suits a dark terminal
 */
export function drawText(text: string, colour: boolean): string {
  const rows = modules(text);
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const upper = rows[y] ?? [];
    const lower = rows[y + 1];
    const line = upper.map((isDark, x) => half(!isDark, !(lower?.[x] ?? true))).join('');
    lines.push(colour ? `\x1b[97;40m${line}\x1b[0m\n` : `${line}\n`);
  }
  return lines.join('');
}

function half(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '\u2588' : '\u2580';
  return lower ? '\u2584' : ' ';
}

/** The modules row by row, the quiet zone included; true is dark. */
function modules(text: string): readonly (readonly boolean[])[] {
  const code = qrcode(0, 'M');
  code.addData(text, 'Byte');
  code.make();
  const count = code.getModuleCount();
  const at = (y: number, x: number) =>
    Math.min(x, y) >= 0 && Math.max(x, y) < count && code.isDark(y, x);
  const line = Array.from({ length: count + 2 * QUIET }, (_, index) => index - QUIET);
  return line.map((y) => line.map((x) => at(y, x)));
}
