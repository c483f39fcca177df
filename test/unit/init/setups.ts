/** Set-ups and secrets for the tests of init, always the same. */
import type { Secrets, Setup } from '../../../src/init/setup';

export const SECRETS: Secrets = {
  password: 'p'.repeat(43),
  key: `${'K'.repeat(43)}=`,
  hmacKey: `${'H'.repeat(86)}==`,
};

/** The one of the README: a service of the router, two of a host inside. */
export const SETUP: Setup = {
  router: '192.168.88.1',
  fwknopd: '192.168.88.50',
  server: 'fw.example.com',
  doors: [
    { protocol: 6, port: 22, inside: undefined },
    { protocol: 6, port: 443, inside: { host: '192.168.88.10', port: 443 } },
    { protocol: 17, port: 51820, inside: { host: '192.168.88.10', port: 51821 } },
  ],
  wan: 'WAN',
  spaPort: 62201,
  sliding: false,
  helper: '/usr/bin/fwknop-mikrotik',
};
