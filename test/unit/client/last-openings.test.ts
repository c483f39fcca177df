import { lastOpenings } from '../../../src/client/last-openings';

const LOG = [
  '2026-11-26T01:00:00+0000 pi fwknop-mikrotik[7]: fw: opened tcp/22 to 203.0.113.77 (FWKNOP_6_22, phone) for 30s',
  '2026-11-26T01:00:01.5+00:00 pi fwknop-mikrotik: opened udp/1 to 203.0.113.7 (FWKNOP, laptop) for 1h',
  'Nov  6 01:00:02 pi daemon.notice fwknop-mikrotik: fw: extended tcp/22 for 203.0.113.78 (FWKNOP_6_22, phone) to 1m',
  'Nov 26 01:00:03 pi fwknop-mikrotik: fw: already has 203.0.113.9 for tcp/22 (FWKNOP_6_22, pad)',
  'Nov 26 01:00:04 pi fwknop-mikrotik: not granted: tcp/22 (phone)',
  'Nov 26 01:00:05 pi fwknop-mikrotik: fw: opened tcp/22 to 203.0.113.79 (FWKNOP_6_22) for 30s',
  'Nov 26 01:00:06 pi other: opened tcp/22 to 203.0.113.80 (FWKNOP_6_22, phone) for 30s',
  '-- No entries --',
  '',
];

test('the last line of each client counts', () => {
  expect(Object.fromEntries(lastOpenings(LOG))).toEqual({
    phone: { time: 'Nov  6 01:00:02', what: 'extended tcp/22 for 203.0.113.78' },
    laptop: { time: '2026-11-26T01:00:01+00:00', what: 'opened udp/1 to 203.0.113.7' },
    pad: { time: 'Nov 26 01:00:03', what: 'already has 203.0.113.9 for tcp/22' },
  });
});
