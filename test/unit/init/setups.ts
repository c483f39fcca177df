/** Setups and secrets for the tests of init, always the same. */
import type { ClientKeys, Fallback, Secrets, Setup } from '../../../src/init/setup';
import type { ThisHost } from '../../../src/init/this-host';
import { readKnock } from '../../../src/knock/knocks';
import { hashOf } from '../../../src/knock/packets';

export const KEYS: ClientKeys = {
  key: `${'K'.repeat(43)}=`,
  hmacKey: `${'H'.repeat(86)}==`,
};
const LAPTOP: ClientKeys = { key: `${'L'.repeat(43)}=`, hmacKey: `${'M'.repeat(86)}==` };

export const SECRETS: Secrets = {
  password: 'p'.repeat(43),
  clients: new Map([
    ['phone', KEYS],
    ['laptop', LAPTOP],
  ]),
};

/** A service of the router, two of a host inside, and two clients. */
export const SETUP: Setup = {
  router: '192.168.88.1',
  fwknopd: '192.168.88.50',
  server: 'fw.example.com',
  services: [
    { protocol: 'tcp', port: 22, inside: undefined },
    { protocol: 'tcp', port: 443, inside: { host: '192.168.88.10', port: 443 } },
    { protocol: 'udp', port: 51820, inside: { host: '192.168.88.10', port: 51821 } },
  ],
  clients: ['phone', 'laptop'],
  name: undefined,
  wan: { kind: 'list', name: 'WAN' },
  spaPort: 62201,
  sliding: false,
  oneList: false,
  helper: '/usr/bin/fwknop-mikrotik',
  fallback: undefined,
  container: undefined,
};

/** The host that runs init, and is the fwknopd host of the setup. */
export const HOST: ThisHost = {
  name: 'raspberrypi',
  gateway: '192.168.88.1',
  addresses: ['192.168.88.50', '172.17.0.1'],
  program: '/usr/bin/fwknop-mikrotik',
};

export const knocks = (...texts: string[]) => texts.map(readKnock);
const always = ['198.51.100.7', '203.0.113.20-203.0.113.22', '203.0.113.128/26'];
/** Those of the kind secret. */
export const PASSPHRASES = ['MikroTik', 'is', 'awesome'];

/** One of each kind. */
export const FALLBACKS = {
  sequence: { kind: 'sequence', always, knocks: knocks('tcp/1337', 'udp/17954', 'tcp/99') },
  payload: {
    kind: 'payload',
    always,
    knock: readKnock('udp/1234'),
    text: 'Open "sesame"? $1',
    layer7: false,
  },
  layer7: {
    kind: 'payload',
    always,
    knock: readKnock('udp/1234'),
    text: 'Open sesame? (1)',
    layer7: true,
  },
  secret: {
    kind: 'secret',
    always,
    knocks: knocks('udp/1234', 'udp/9876', 'udp/5555'),
    hashes: PASSPHRASES.map(hashOf),
  },
} satisfies Record<string, Fallback>;
