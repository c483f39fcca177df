/**
 * A table of a mikrotik.toml for a router.
 *
 * @param settings such as `{ host: '127.0.0.1', port: 8729 }`; their texts are ASCII
 * @param more lines as they are
 */
export function routerTable(
  settings: Readonly<Record<string, string | number>>,
  ...more: readonly string[]
): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return `${['[[router]]', ...lines, ...more].join('\n')}\n`;
}
