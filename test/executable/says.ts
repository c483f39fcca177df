/** Messages of the executable that several tests expect. */

export const OPENED_TEXT = '127.0.0.1: opened tcp/22 to 198.51.100.7 (FWKNOP_6_22) for 30s';
export const HAS_TEXT =
  '127.0.0.1: already has 198.51.100.7 for tcp/22 (FWKNOP_6_22); its expiry is unchanged';
export const BAD_PORT_TEXT = 'port: not a number in 1-65535';
export const MAY_BE_OPEN_HINT = 'hint: it may be open: try, or knock again';
export const UNCONFIRMED_TEXT = `127.0.0.1: add not confirmed: no answer in time (add); ${MAY_BE_OPEN_HINT}`;
export const PASSWORD_WARNING =
  'fwknopd logs --routerpass, and ps shows it during the start; hint: use --password-file, or password-file in the configuration';

export function refusedText(host: string): string {
  return `${host}: connection refused; hint: is the router up, the API service enabled, and this host in its Available From?`;
}

/** Nothing came in time. @param stage what was waited for */
export function silentText(stage: 'TLS handshake' | 'login'): string {
  const slow = stage === 'login' ? ' a login by RADIUS may need a longer deadline' : '';
  return `127.0.0.1: no answer in time (${stage}); hint: is this the API port: 8729 for TLS, 8728 without?${slow}`;
}
